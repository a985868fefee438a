/* Preloaded into a process, makes a C library call that writes files fail or end the process. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum { FAIL, SHORT, KILL_BEFORE, KILL_AFTER, SLOW };

static const char* wanted = "";
static int countdown, kind, code, milliseconds;

/* The call of that name that comes as number `number`, the first being 1, meets with a fault. */
void set_fault(const char* call, int number, int what, int value) {
    wanted = strdup(call);
    countdown = number;
    kind = what;
    code = milliseconds = value;
}

/* How many such calls were still to come. */
int calls_left(void) { return countdown; }

static int is_due(const char* call) {
    if (strcmp(call, wanted) != 0) return 0;
    if (kind == SLOW) {
        const struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
        nanosleep(&time, NULL);
        return 0;
    }
    if (countdown == 0 || --countdown > 0) return 0;
    if (kind == KILL_BEFORE) kill(getpid(), SIGKILL);
    return 1;
}

static int fail(void) {
    errno = code;
    return -1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* Half of what is to be written is, before a fault. */
#define WRITE(name)                                                                   \
    ssize_t name(int file, const void* data, size_t bytes, off_t offset) {            \
        if (!is_due("pwrite")) return REAL(name)(file, data, bytes, offset);          \
        if (kind == FAIL) return fail();                                              \
        const ssize_t written = REAL(name)(file, data, (bytes + 1) / 2, offset);      \
        if (kind == KILL_AFTER) kill(getpid(), SIGKILL);                              \
        return written;                                                               \
    }
WRITE(pwrite)
WRITE(pwrite64)

#define OTHER(name, label, parameters, arguments)              \
    int name parameters {                                      \
        const int due = is_due(label);                         \
        if (due && kind == FAIL) return fail();                \
        const int result = REAL(name) arguments;               \
        if (due && kind == KILL_AFTER) kill(getpid(), SIGKILL); \
        return result;                                         \
    }
OTHER(fsync, "fsync", (int file), (file))
OTHER(ftruncate, "ftruncate", (int file, off_t bytes), (file, bytes))
OTHER(ftruncate64, "ftruncate", (int file, off_t bytes), (file, bytes))
OTHER(rename, "rename", (const char* from, const char* to), (from, to))
OTHER(flock, "flock", (int file, int operation), (file, operation))

/* Python itself opens files by open64. */
int open(const char* path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    const int due = is_due("open");
    if (due && kind == FAIL) return fail();
    const int file = REAL(open)(path, flags, mode);
    if (due && kind == KILL_AFTER) kill(getpid(), SIGKILL);
    return file;
}

/* A file is closed even if the system says that it failed. */
int close(int file) {
    const int due = is_due("close");
    const int result = REAL(close)(file);
    if (due && kind == KILL_AFTER) kill(getpid(), SIGKILL);
    return due && kind == FAIL ? fail() : result;
}
