// Copyright: (c) 2026, winstorage.iscsi contributors
// GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// A stand-in for what the C# asks advapi32.dll about MSiSCSI, for Linux (Windows and Wine have their own). Prototypes
// of winsvc.h; marshals like standin.c. GetLastError is errno there: Mono reads it so.

#include <errno.h>
#include <string.h>

#include "iscsidsc.h"
#include "wire.h"

typedef uint32_t BOOL;

typedef struct {
    DWORD dwServiceType;
    DWORD dwCurrentState;
    DWORD dwControlsAccepted;
    DWORD dwWin32ExitCode;
    DWORD dwServiceSpecificExitCode;
    DWORD dwCheckPoint;
    DWORD dwWaitHint;
} SERVICE_STATUS;

typedef struct {
    DWORD dwServiceType;
    DWORD dwStartType;
    DWORD dwErrorControl;
    WCHAR *lpBinaryPathName;
    WCHAR *lpLoadOrderGroup;
    DWORD dwTagId;
    WCHAR *lpDependencies;
    WCHAR *lpServiceStartName;
    WCHAR *lpDisplayName;
} QUERY_SERVICE_CONFIGW;

#define SERVICE_CONFIG_DELAYED_AUTO_START_INFO 3
#define SERVICE_NO_CHANGE 0xFFFFFFFFu
#define ERROR_INVALID_LEVEL 124
#define HANDLE_OF_MANAGER ((void *)1)
#define HANDLE_OF_SERVICE ((void *)2)

static BOOL succeeded(uint32_t status) {
    errno = (int)status;
    return status == 0;
}

// The status of the exchange itself, or what the service said.
static uint32_t finished(exchange *x) {
    uint32_t status = x->status ? x->status : (uint32_t)number(x, "", "Status");
    finish(x);
    return status;
}

EXPORT void *OpenSCManagerW(const WCHAR *lpMachineName, const WCHAR *lpDatabaseName, DWORD dwDesiredAccess) {
    (void)lpMachineName, (void)lpDatabaseName, (void)dwDesiredAccess;
    return HANDLE_OF_MANAGER;
}

EXPORT void *OpenServiceW(void *hSCManager, const WCHAR *lpServiceName, DWORD dwDesiredAccess) {
    (void)hSCManager, (void)dwDesiredAccess;
    exchange x;
    begin(&x, "OpenServiceW");
    say_text(&x, "", "ServiceName", lpServiceName, 256);
    perform(&x);
    return succeeded(finished(&x)) ? HANDLE_OF_SERVICE : NULL;
}

EXPORT BOOL CloseServiceHandle(void *hSCObject) {
    (void)hSCObject;
    return 1;
}

EXPORT BOOL QueryServiceStatus(void *hService, SERVICE_STATUS *lpServiceStatus) {
    (void)hService;
    exchange x;
    begin(&x, "QueryServiceStatus");
    perform(&x);
    memset(lpServiceStatus, 0, sizeof *lpServiceStatus);
    lpServiceStatus->dwCurrentState = (DWORD)number(&x, "", "CurrentState");
    return succeeded(finished(&x));
}

EXPORT BOOL QueryServiceConfigW(void *hService, QUERY_SERVICE_CONFIGW *lpServiceConfig, DWORD cbBufSize,
                                DWORD *pcbBytesNeeded) {
    (void)hService;
    *pcbBytesNeeded = sizeof *lpServiceConfig;
    if (cbBufSize < sizeof *lpServiceConfig)
        return succeeded(ERROR_INSUFFICIENT_BUFFER);
    exchange x;
    begin(&x, "QueryServiceConfigW");
    perform(&x);
    memset(lpServiceConfig, 0, sizeof *lpServiceConfig);
    lpServiceConfig->dwStartType = (DWORD)number(&x, "", "StartType");
    return succeeded(finished(&x));
}

EXPORT BOOL QueryServiceConfig2W(void *hService, DWORD dwInfoLevel, BOOL *lpBuffer, DWORD cbBufSize,
                                 DWORD *pcbBytesNeeded) {
    (void)hService;
    *pcbBytesNeeded = sizeof *lpBuffer;
    if (dwInfoLevel != SERVICE_CONFIG_DELAYED_AUTO_START_INFO)
        return succeeded(ERROR_INVALID_LEVEL);
    if (cbBufSize < sizeof *lpBuffer)
        return succeeded(ERROR_INSUFFICIENT_BUFFER);
    exchange x;
    begin(&x, "QueryServiceConfig2W");
    perform(&x);
    *lpBuffer = (BOOL)number(&x, "", "DelayedAutostart");
    return succeeded(finished(&x));
}

EXPORT BOOL StartServiceW(void *hService, DWORD dwNumServiceArgs, const WCHAR **lpServiceArgVectors) {
    (void)hService, (void)dwNumServiceArgs, (void)lpServiceArgVectors;
    exchange x;
    begin(&x, "StartServiceW");
    perform(&x);
    return succeeded(finished(&x));
}

EXPORT BOOL ChangeServiceConfigW(void *hService, DWORD dwServiceType, DWORD dwStartType, DWORD dwErrorControl,
                                 const WCHAR *lpBinaryPathName, const WCHAR *lpLoadOrderGroup, DWORD *lpdwTagId,
                                 const WCHAR *lpDependencies, const WCHAR *lpServiceStartName, const WCHAR *lpPassword,
                                 const WCHAR *lpDisplayName) {
    (void)hService, (void)dwServiceType, (void)dwErrorControl, (void)lpBinaryPathName, (void)lpLoadOrderGroup;
    (void)lpdwTagId, (void)lpDependencies, (void)lpServiceStartName, (void)lpPassword, (void)lpDisplayName;
    if (dwStartType == SERVICE_NO_CHANGE)
        return succeeded(0);
    exchange x;
    begin(&x, "ChangeServiceConfigW");
    say_number(&x, "", "StartType", dwStartType);
    perform(&x);
    return succeeded(finished(&x));
}

EXPORT BOOL ChangeServiceConfig2W(void *hService, DWORD dwInfoLevel, const BOOL *lpInfo) {
    (void)hService;
    exchange x;
    begin(&x, "ChangeServiceConfig2W");
    say_number(&x, "", "InfoLevel", dwInfoLevel);
    say_number(&x, "", "DelayedAutostart", *lpInfo);
    perform(&x);
    return succeeded(finished(&x));
}
