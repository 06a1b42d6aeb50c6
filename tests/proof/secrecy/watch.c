/* Copyright: (c) 2026, winstorage.iscsi contributors
 * GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Loaded before all else (LD_PRELOAD) into a program and all that it starts, it keeps in the folder that WATCH_FOLDER
 * names: the command line and the environment of each, and a copy of each file that is removed or replaced, as it was.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void keep(const char *kind, int at, const char *path)
{
    const char *folder = getenv("WATCH_FOLDER");
    char name[4096], piece[65536];
    struct stat about;
    ssize_t size;
    int error = errno, to, from = openat(at, path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    if (from >= 0 && folder && fstat(from, &about) == 0 && S_ISREG(about.st_mode)) {
        snprintf(name, sizeof name, "%s/%s-%s-XXXXXX", folder, kind, basename(path));
        to = mkostemp(name, O_CLOEXEC);
        while (to >= 0 && (size = read(from, piece, sizeof piece)) > 0)
            if (write(to, piece, (size_t)size) != size)
                abort();
        if (to < 0)
            abort();
        close(to);
    }
    if (from >= 0)
        close(from);
    errno = error;
}

__attribute__((constructor)) static void started(void)
{
    keep("command", AT_FDCWD, "/proc/self/cmdline");
    keep("environment", AT_FDCWD, "/proc/self/environ");
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define SHOWN __attribute__((visibility("default")))

SHOWN int unlink(const char *path)
{
    keep("removed", AT_FDCWD, path);
    return REAL(unlink)(path);
}

SHOWN int unlinkat(int at, const char *path, int flags)
{
    if (!(flags & AT_REMOVEDIR))
        keep("removed", at, path);
    return REAL(unlinkat)(at, path, flags);
}

SHOWN int remove(const char *path)
{
    keep("removed", AT_FDCWD, path);
    return REAL(remove)(path);
}

SHOWN int rename(const char *path, const char *other)
{
    keep("replaced", AT_FDCWD, other);
    return REAL(rename)(path, other);
}

SHOWN int renameat(int at, const char *path, int other_at, const char *other)
{
    keep("replaced", other_at, other);
    return REAL(renameat)(at, path, other_at, other);
}
