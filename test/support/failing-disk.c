/*
 * Lets system calls on files below FAIL_ROOT fail now and then, in a program that has this loaded before it
 * (LD_PRELOAD). FAIL_CONTROL is a file of three 32-bit numbers, which may change at any time: the error code, how many
 * of a thousand calls fail, and the seed of the choice.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define NEXT(name) dlsym(RTLD_NEXT, #name)

static const volatile uint32_t *control;
static const char *root;
static uint32_t count;

__attribute__((constructor)) static void prepare(void) {
  const char *path = getenv("FAIL_CONTROL");
  root = getenv("FAIL_ROOT");
  if (path == NULL || root == NULL) return;
  int (*next)(const char *, int, ...) = NEXT(open);
  int file = next(path, O_RDONLY);
  void *found = file < 0 ? MAP_FAILED : mmap(NULL, 12, PROT_READ, MAP_SHARED, file, 0);
  if (found != MAP_FAILED) control = found;
}

/* splitmix32: the same calls fail for the same seed, as far as threads take the same turns. */
static int is_chosen(void) {
  if (control == NULL || control[1] == 0) return 0;
  uint32_t mixed = control[2] + __sync_add_and_fetch(&count, 1) * 0x9e3779b9u;
  mixed = (mixed ^ (mixed >> 16)) * 0x85ebca6bu;
  mixed = (mixed ^ (mixed >> 13)) * 0xc2b2ae35u;
  return (mixed ^ (mixed >> 16)) % 1000 < control[1];
}

static int fails_at(const char *path) {
  if (control == NULL || control[1] == 0 || strncmp(path, root, strlen(root)) != 0 || !is_chosen()) return 0;
  errno = (int)control[0];
  return 1;
}

static int fails_on(int file) {
  char link[64], path[4096];
  if (control == NULL || control[1] == 0) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return fails_at(path);
}

/* What only reads fails too, unless the disk is full or cannot be changed. */
static int fails_to_read(void) {
  return control != NULL && control[0] != ENOSPC && control[0] != EDQUOT && control[0] != EROFS;
}

#define OPEN(name)                                                            \
  int name(const char *path, int flags, ...) {                                \
    va_list args;                                                             \
    va_start(args, flags);                                                    \
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(args, mode_t) : 0; \
    va_end(args);                                                             \
    int writes = (flags & (O_CREAT | O_WRONLY | O_RDWR)) != 0;                \
    if ((writes || fails_to_read()) && fails_at(path)) return -1;             \
    int (*next)(const char *, int, ...) = NEXT(name);                         \
    return next(path, flags, mode);                                           \
  }
OPEN(open)
OPEN(open64)

#define ON_FILE(result, name, parameters, arguments)  \
  result name parameters {                            \
    if (fails_on(file)) return -1;                    \
    result(*next) parameters = NEXT(name);            \
    return next arguments;                            \
  }
ON_FILE(ssize_t, write, (int file, const void *bytes, size_t length), (file, bytes, length))
ON_FILE(ssize_t, pwrite, (int file, const void *bytes, size_t length, off_t at), (file, bytes, length, at))
ON_FILE(ssize_t, pwrite64, (int file, const void *bytes, size_t length, off64_t at), (file, bytes, length, at))
ON_FILE(ssize_t, writev, (int file, const struct iovec *parts, int length), (file, parts, length))
ON_FILE(ssize_t, pwritev, (int file, const struct iovec *parts, int length, off_t at), (file, parts, length, at))
ON_FILE(ssize_t, pwritev64, (int file, const struct iovec *parts, int length, off64_t at), (file, parts, length, at))
ON_FILE(int, fsync, (int file), (file))
ON_FILE(int, fdatasync, (int file), (file))

#define READ(name, parameters, arguments)                \
  ssize_t name parameters {                              \
    if (fails_to_read() && fails_on(file)) return -1;    \
    ssize_t(*next) parameters = NEXT(name);              \
    return next arguments;                               \
  }
READ(pread, (int file, void *bytes, size_t length, off_t at), (file, bytes, length, at))
READ(pread64, (int file, void *bytes, size_t length, off64_t at), (file, bytes, length, at))

#define AT_PATH(name, parameters, arguments, path) \
  int name parameters {                            \
    if (fails_at(path)) return -1;                 \
    int(*next) parameters = NEXT(name);            \
    return next arguments;                         \
  }
AT_PATH(rename, (const char *from, const char *to), (from, to), to)
AT_PATH(link, (const char *from, const char *to), (from, to), to)
AT_PATH(symlink, (const char *target, const char *path), (target, path), path)
AT_PATH(mkdir, (const char *path, mode_t mode), (path, mode), path)
AT_PATH(unlink, (const char *path), (path), path)
