/* Copyright: (c) 2026, winstorage.iscsi contributors
 * GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Loaded into a program before all else (LD_PRELOAD), it appends what the program tells the system's log to the file
 * that SYSLOG_FILE names, whole and each with a zero byte at its end: a datagram to the log itself has a largest size.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

static void keep(const char *format, va_list values)
{
    const char *path = getenv("SYSLOG_FILE");
    char *text = NULL;
    int size = vasprintf(&text, format, values), file = path ? open(path, O_WRONLY | O_CREAT | O_APPEND, 0600) : -1;
    if (size < 0 || file < 0 || write(file, text, (size_t)size + 1) != size + 1)
        abort();
    close(file);
    free(text);
}

EXPORT void syslog(int priority, const char *format, ...)
{
    va_list values;
    (void)priority;
    va_start(values, format);
    keep(format, values);
    va_end(values);
}

/* what syslog becomes where the C library's headers are asked to check formats */
EXPORT void __syslog_chk(int priority, int flag, const char *format, ...)
{
    va_list values;
    (void)priority, (void)flag;
    va_start(values, format);
    keep(format, values);
    va_end(values);
}
