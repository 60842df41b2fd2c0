/*
 * Refuses calls that some file systems do not know, for a program that has this loaded before it (LD_PRELOAD): those that
 * POOR names, of symlink, link, utimes and fsync-folder. As SMB, exFAT and Azure Files refuse them.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static int refuses(const char *call) {
  const char *poor = getenv("POOR");
  return poor != NULL && strstr(poor, call) != NULL;
}

static int refuse(int code) {
  errno = code;
  return -1;
}

#define NEXT(type, name) ((type)dlsym(RTLD_NEXT, name))

int symlink(const char *target, const char *path) {
  if (refuses("symlink")) return refuse(EOPNOTSUPP);
  return NEXT(int (*)(const char *, const char *), "symlink")(target, path);
}

int link(const char *from, const char *to) {
  if (refuses("link")) return refuse(EPERM);
  return NEXT(int (*)(const char *, const char *), "link")(from, to);
}

int utimensat(int folder, const char *path, const struct timespec times[2], int flags) {
  if (refuses("utimes")) return refuse(EPERM);
  return NEXT(int (*)(int, const char *, const struct timespec *, int), "utimensat")(folder, path, times, flags);
}

int futimens(int file, const struct timespec times[2]) {
  if (refuses("utimes")) return refuse(EPERM);
  return NEXT(int (*)(int, const struct timespec *), "futimens")(file, times);
}

static int is_folder(int file) {
  struct stat found;
  return fstat(file, &found) == 0 && S_ISDIR(found.st_mode);
}

int fsync(int file) {
  if (refuses("fsync-folder") && is_folder(file)) return refuse(EINVAL);
  return NEXT(int (*)(int), "fsync")(file);
}

int fdatasync(int file) {
  if (refuses("fsync-folder") && is_folder(file)) return refuse(EINVAL);
  return NEXT(int (*)(int), "fdatasync")(file);
}
