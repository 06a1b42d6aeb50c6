/* Copyright: (c) 2026, winstorage.iscsi contributors
 * GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A service named MSiSCSI that does nothing, for tests of what starts and configures it. With the argument "install" it
 * makes itself known: stopped, to be started by hand.
 */
#include <windows.h>

static SERVICE_STATUS_HANDLE handle;

static void say(DWORD state)
{
    SERVICE_STATUS status = {SERVICE_WIN32_OWN_PROCESS, state, SERVICE_ACCEPT_STOP, 0, 0, 0, 0};
    SetServiceStatus(handle, &status);
}

static VOID WINAPI control(DWORD wanted)
{
    if (wanted == SERVICE_CONTROL_STOP)
        say(SERVICE_STOPPED);
}

static VOID WINAPI service_main(DWORD count, LPWSTR *arguments)
{
    (void)count, (void)arguments;
    handle = RegisterServiceCtrlHandlerW(L"MSiSCSI", control);
    say(SERVICE_START_PENDING);
    Sleep(300);
    say(SERVICE_RUNNING);
}

static int install(void)
{
    WCHAR path[MAX_PATH];
    SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_ALL_ACCESS), service;
    GetModuleFileNameW(NULL, path, MAX_PATH);
    service = CreateServiceW(manager, L"MSiSCSI", L"MSiSCSI", SERVICE_ALL_ACCESS, SERVICE_WIN32_OWN_PROCESS,
                             SERVICE_DEMAND_START, SERVICE_ERROR_NORMAL, path, NULL, NULL, NULL, NULL, NULL);
    return service ? 0 : (int)GetLastError();
}

int main(int count, char **arguments)
{
    SERVICE_TABLE_ENTRYW table[] = {{L"MSiSCSI", service_main}, {NULL, NULL}};
    (void)arguments;
    if (count > 1)
        return install();
    return !StartServiceCtrlDispatcherW(table);
}
