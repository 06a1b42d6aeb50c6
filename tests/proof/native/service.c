/* Copyright: (c) 2026, winstorage.iscsi contributors
 * GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

/* A Windows service that runs until it is stopped and does nothing. Its command line gives its name. */

#include <windows.h>

static wchar_t *name;
static SERVICE_STATUS_HANDLE service;
static HANDLE stop;

static void tell(DWORD state)
{
    SERVICE_STATUS status = {SERVICE_WIN32_OWN_PROCESS, state, SERVICE_ACCEPT_STOP, NO_ERROR, 0, 0, 0};
    SetServiceStatus(service, &status);
}

static DWORD WINAPI control(DWORD code, DWORD type, void *data, void *context)
{
    (void)type, (void)data, (void)context;
    if (code == SERVICE_CONTROL_STOP)
        SetEvent(stop);
    return NO_ERROR;
}

static void WINAPI serve(DWORD count, wchar_t **arguments)
{
    (void)count, (void)arguments;
    stop = CreateEventW(NULL, TRUE, FALSE, NULL);
    service = RegisterServiceCtrlHandlerExW(name, control, NULL);
    tell(SERVICE_RUNNING);
    WaitForSingleObject(stop, INFINITE);
    tell(SERVICE_STOPPED);
}

int wmain(int argc, wchar_t **argv)
{
    if (argc != 2)
        return 1;
    name = argv[1];
    SERVICE_TABLE_ENTRYW table[] = {{name, serve}, {NULL, NULL}};
    return !StartServiceCtrlDispatcherW(table);
}
