/*
 * Records what a power cut would leave of the files below POWER_ROOT, in a program that has this loaded before it
 * (LD_PRELOAD): at each sync of a file its bytes, at each sync of a folder its entries. In the folder POWER_SHADOW,
 * "<id>.file" has the bytes, and "<id>.folder" a line for each entry: its type, its id and its name. What was never
 * synced is not there, and so lost.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define LONGEST 4096

static int is_below(const char *path) {
  const char *root = getenv("POWER_ROOT");
  return root != NULL && strncmp(path, root, strlen(root)) == 0;
}

/* An inode number may be used again for another file, but not with the same birth. */
static int id_of(int folder, const char *name, int flags, char *id, mode_t *mode) {
  struct statx found;
  if (statx(folder, name, flags, STATX_INO | STATX_BTIME | STATX_MODE, &found) != 0) return -1;
  snprintf(id, 64, "%llu-%lld.%09u", (unsigned long long)found.stx_ino, (long long)found.stx_btime.tv_sec,
           found.stx_btime.tv_nsec);
  *mode = found.stx_mode;
  return 0;
}

/* The record appears as a whole: the program may be killed while it is written. */
static FILE *begin(char *draft) {
  snprintf(draft, LONGEST, "%s/draft-%d", getenv("POWER_SHADOW"), gettid());
  return fopen(draft, "w");
}

static void end(FILE *out, const char *draft, const char *id, const char *kind) {
  char place[LONGEST];
  snprintf(place, sizeof place, "%s/%s.%s", getenv("POWER_SHADOW"), id, kind);
  if (fclose(out) == 0) rename(draft, place);
}

static void record_file(const char *path, const char *id) {
  char draft[LONGEST], bytes[65536];
  int in = open(path, O_RDONLY);
  FILE *out = in < 0 ? NULL : begin(draft);
  if (out != NULL) {
    for (ssize_t count; (count = read(in, bytes, sizeof bytes)) > 0;) fwrite(bytes, 1, count, out);
    end(out, draft, id, "file");
  }
  if (in >= 0) close(in);
}

static void record_folder(const char *path, const char *id) {
  char draft[LONGEST], child[64];
  mode_t mode;
  DIR *folder = opendir(path);
  FILE *out = folder == NULL ? NULL : begin(draft);
  if (out != NULL) {
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
      if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
      if (id_of(dirfd(folder), entry->d_name, AT_SYMLINK_NOFOLLOW, child, &mode) != 0) continue;
      if (S_ISDIR(mode) || S_ISREG(mode))
        fprintf(out, "%s %s %s\n", S_ISDIR(mode) ? "folder" : "file", child, entry->d_name);
    }
    end(out, draft, id, "folder");
  }
  if (folder != NULL) closedir(folder);
}

static void record(int file) {
  char link[64], path[LONGEST], id[64];
  mode_t mode;
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return;
  path[length] = 0;
  if (!is_below(path) || id_of(file, "", AT_EMPTY_PATH, id, &mode) != 0) return;
  if (S_ISDIR(mode)) record_folder(path, id);
  else if (S_ISREG(mode)) record_file(path, id);
}

#define SYNC(name)                                  \
  int name(int file) {                              \
    int (*next)(int) = dlsym(RTLD_NEXT, #name);     \
    record(file);                                   \
    return next(file);                              \
  }
SYNC(fsync)
SYNC(fdatasync)
