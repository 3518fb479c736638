/* Preloaded into a process that writes a store: records in $STORE_RECORD what its files are told, in order.
 *
 * A line each, "kind name offset length", then so many bytes: C a file was made, W written, T cut to a length, S synced,
 * U unlinked, M renamed (the new name is the bytes), D a folder was synced. Files: plant.db and its -wal and -journal;
 * -shm is memory that no power cut leaves behind, .lock holds nothing.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static int record = -1;
static ssize_t (*real_pwrite)(int, const void *, size_t, off64_t);
static ssize_t (*real_pwritev)(int, const struct iovec *, int, off64_t);
static ssize_t (*real_write)(int, const void *, size_t);
static int (*real_open)(const char *, int, ...);
static int (*real_fsync)(int), (*real_fdatasync)(int), (*real_ftruncate)(int, off64_t);
static int (*real_unlink)(const char *), (*real_rename)(const char *, const char *);

__attribute__((constructor)) static void begin(void)
{
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    real_pwritev = dlsym(RTLD_NEXT, "pwritev64");
    real_write = dlsym(RTLD_NEXT, "write");
    real_open = dlsym(RTLD_NEXT, "open64");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
    real_unlink = dlsym(RTLD_NEXT, "unlink");
    real_rename = dlsym(RTLD_NEXT, "rename");
    const char *path = getenv("STORE_RECORD");
    if (path)
        record = real_open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static int ours(const char *path)
{
    const char *name = last_part(path);
    return record >= 0 && strncmp(name, "plant.db", 8) == 0 && !strstr(name, "-shm") && !strstr(name, ".lock");
}

static int name_of(int fd, char *name)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = record < 0 || fd == record ? -1 : readlink(link, name, PATH_MAX - 1);
    if (length < 0)
        return 0;
    name[length] = 0;
    return ours(name);
}

static void note(char kind, const char *path, long offset, const void *data, long length)
{
    char line[PATH_MAX + 64];
    int size = snprintf(line, sizeof line, "%c %s %ld %ld\n", kind, last_part(path), offset, length);
    struct iovec parts[2] = {{line, size}, {(void *)data, data ? length : 0}};
    if (writev(record, parts, 2) < size)
        abort();
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset)
{
    char name[PATH_MAX];
    ssize_t done = real_pwrite(fd, data, length, offset);
    if (done > 0 && name_of(fd, name))
        note('W', name, offset, data, done);
    return done;
}
ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) { return pwrite64(fd, data, length, offset); }

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset)
{
    char name[PATH_MAX];
    ssize_t done = real_pwritev(fd, parts, count, offset);
    if (done > 0 && name_of(fd, name))
        for (ssize_t at = 0, i = 0; at < done; at += parts[i++].iov_len) {
            ssize_t left = done - at, length = parts[i].iov_len;
            note('W', name, offset + at, parts[i].iov_base, length < left ? length : left);
        }
    return done;
}
ssize_t pwritev(int fd, const struct iovec *parts, int n, off_t offset) { return pwritev64(fd, parts, n, offset); }

ssize_t write(int fd, const void *data, size_t length)
{
    char name[PATH_MAX];
    ssize_t done = real_write(fd, data, length);
    if (done > 0 && name_of(fd, name))
        note('W', name, lseek(fd, 0, SEEK_CUR) - done, data, done);
    return done;
}

int open64(const char *path, int flags, ...)
{
    mode_t mode = 0;
    if (flags & (O_CREAT | O_TMPFILE)) {
        va_list arguments;
        va_start(arguments, flags);
        mode = va_arg(arguments, mode_t);
        va_end(arguments);
    }
    int is_ours = ours(path), was_there = is_ours && access(path, F_OK) == 0;
    int fd = real_open(path, flags, mode);
    if (fd >= 0 && is_ours && !was_there)
        note('C', path, 0, NULL, 0);
    if (fd >= 0 && is_ours && was_there && (flags & O_TRUNC))
        note('T', path, 0, NULL, 0);
    return fd;
}
int open(const char *path, int flags, ...)
{
    mode_t mode = 0;
    if (flags & (O_CREAT | O_TMPFILE)) {
        va_list arguments;
        va_start(arguments, flags);
        mode = va_arg(arguments, mode_t);
        va_end(arguments);
    }
    return open64(path, flags, mode);
}

static void note_sync(int fd)
{
    char name[PATH_MAX];
    struct stat found;
    if (name_of(fd, name))
        note('S', name, 0, NULL, 0);
    else if (record >= 0 && fstat(fd, &found) == 0 && S_ISDIR(found.st_mode))
        note('D', ".", 0, NULL, 0);
}
int fsync(int fd)
{
    int failed = real_fsync(fd);
    if (!failed)
        note_sync(fd);
    return failed;
}
int fdatasync(int fd)
{
    int failed = real_fdatasync(fd);
    if (!failed)
        note_sync(fd);
    return failed;
}

int ftruncate64(int fd, off64_t length)
{
    char name[PATH_MAX];
    int failed = real_ftruncate(fd, length);
    if (!failed && name_of(fd, name))
        note('T', name, length, NULL, 0);
    return failed;
}
int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

int unlink(const char *path)
{
    int failed = real_unlink(path);
    if (!failed && ours(path))
        note('U', path, 0, NULL, 0);
    return failed;
}

int rename(const char *old, const char *new)
{
    int failed = real_rename(old, new);
    if (!failed && (ours(old) || ours(new)))
        note('M', old, 0, last_part(new), strlen(last_part(new)));
    return failed;
}
