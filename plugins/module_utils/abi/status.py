# Copyright: (c) 2026, winstorage.iscsi contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What the numbers mean that calls of iscsidsc.dll return: symbol, severity, message and what to do.

The ISDSC codes are those of iscsierr.h in the Windows SDK, whose spelling is kept; the others are Win32, RPC and
Winsock codes (winerror.h) that the API passes on. An ISDSC code 0xEFFF.... is an error, 0xAFFF.... a warning: the
operation went through, perhaps partly. Codes 0xEFFF0006 to 0xEFFF0014 repeat what the target said to the login (the
status classes 1 to 3 of RFC 7143).
"""

from __future__ import annotations

import difflib
import typing as t

from . import policies

# The codes that other parts of the collection act upon.
SUCCESS = 0
ACCESS_DENIED = 5
INVALID_PARAMETER = 87
INSUFFICIENT_BUFFER = 122
PROC_NOT_FOUND = 127
NOACCESS = 998
SERVICE_DOES_NOT_EXIST = 1060
SERVICE_NOT_ACTIVE = 1062
TIMEOUT = 1460
RPC_UNKNOWN_IF = 1717
RPC_SERVER_UNAVAILABLE = 1722
WMI_GUID_NOT_FOUND = 4200
WMI_INSTANCE_NOT_FOUND = 4201
CONNECTION_FAILED = 0xEFFF0003
AUTHENTICATION_FAILURE = 0xEFFF0009
INVALID_SESSION_ID = 0xEFFF001C
SESSION_BUSY = 0xEFFF001F
TARGET_NOT_FOUND = 0xEFFF0029
INVALID_PORT_NUMBER = 0xEFFF002D
OPERATION_NOT_ALL_SUCCESS = 0xAFFF002E
REQUEST_NOT_SUPPORTED = 0xEFFF0037
ISNS_SERVER_NOT_FOUND = 0xEFFF003A
OPERATION_REQUIRES_REBOOT = 0xAFFF003B
NO_PORTAL_SPECIFIED = 0xEFFF003C
CANT_REMOVE_LAST_CONNECTION = 0xEFFF003D
SERVICE_NOT_RUNNING = 0xEFFF003E
TARGET_ALREADY_LOGGED_IN = 0xEFFF003F
DEVICE_BUSY_ON_SESSION = 0xEFFF0040
COULD_NOT_SAVE_PERSISTENT_LOGIN_DATA = 0xEFFF0041
COULD_NOT_REMOVE_PERSISTENT_LOGIN_DATA = 0xEFFF0042
PORTAL_NOT_FOUND = 0xEFFF0043
INITIATOR_NOT_FOUND = 0xEFFF0044
DISCOVERY_MECHANISM_NOT_FOUND = 0xEFFF0045
SHORT_CHAP_SECRET = 0xAFFF0048
INVALID_TARGET_CHAP_SECRET = 0xEFFF004B
INVALID_INITIATOR_CHAP_SECRET = 0xEFFF004C
INVALID_ISCSI_NAME = 0xEFFF0051
DEVICE_ALREADY_PERSISTENTLY_BOUND = 0xEFFF005C
DEVICE_NOT_FOUND = 0xEFFF005D
RESTRICTED_BY_GROUP_POLICY = 0xEFFF0065
NOT_RECORDED = 0x20000001  # the collection's own, by the bit that Windows leaves to applications

_CODES = (
    (0, "ERROR_SUCCESS", "The operation completed successfully."),
    (5, "ERROR_ACCESS_DENIED", "Access is denied."),
    (6, "ERROR_INVALID_HANDLE", "The handle is invalid."),
    (8, "ERROR_NOT_ENOUGH_MEMORY", "Not enough memory resources are available to process this command."),
    (50, "ERROR_NOT_SUPPORTED", "The request is not supported."),
    (87, "ERROR_INVALID_PARAMETER", "The parameter is incorrect."),
    (122, "ERROR_INSUFFICIENT_BUFFER", "The data area passed to a system call is too small."),
    (126, "ERROR_MOD_NOT_FOUND", "The specified module could not be found."),
    (127, "ERROR_PROC_NOT_FOUND", "The specified procedure could not be found."),
    (740, "ERROR_ELEVATION_REQUIRED", "The requested operation requires elevation."),
    (998, "ERROR_NOACCESS", "Invalid access to memory location."),
    (
        1053,
        "ERROR_SERVICE_REQUEST_TIMEOUT",
        "The service did not respond to the start or control request in a timely fashion.",
    ),
    (
        1058,
        "ERROR_SERVICE_DISABLED",
        "The service cannot be started, because it is disabled or has no enabled devices.",
    ),
    (1060, "ERROR_SERVICE_DOES_NOT_EXIST", "The specified service does not exist as an installed service."),
    (1062, "ERROR_SERVICE_NOT_ACTIVE", "The service has not been started."),
    (1314, "ERROR_PRIVILEGE_NOT_HELD", "A required privilege is not held by the client."),
    (1359, "ERROR_INTERNAL_ERROR", "An internal error occurred."),
    (1460, "ERROR_TIMEOUT", "This operation returned because the timeout period expired."),
    (1717, "RPC_S_UNKNOWN_IF", "The interface is unknown."),
    (1722, "RPC_S_SERVER_UNAVAILABLE", "The RPC server is unavailable."),
    (1726, "RPC_S_CALL_FAILED", "The remote procedure call failed."),
    (1753, "EPT_S_NOT_REGISTERED", "There are no more endpoints available from the endpoint mapper."),
    (4200, "ERROR_WMI_GUID_NOT_FOUND", "The GUID passed was not recognized as valid by a WMI data provider."),
    (
        4201,
        "ERROR_WMI_INSTANCE_NOT_FOUND",
        "The instance name passed was not recognized as valid by a WMI data provider.",
    ),
    (10013, "WSAEACCES", "An attempt was made to access a socket in a way forbidden by its access permissions."),
    (10047, "WSAEAFNOSUPPORT", "The address family is not supported."),
    (10022, "WSAEINVAL", "An invalid argument was supplied."),
    (10049, "WSAEADDRNOTAVAIL", "The requested address is not valid in its context."),
    (10050, "WSAENETDOWN", "A socket operation encountered a dead network."),
    (10051, "WSAENETUNREACH", "A socket operation was attempted to an unreachable network."),
    (10053, "WSAECONNABORTED", "An established connection was aborted by the software on the host."),
    (10054, "WSAECONNRESET", "An existing connection was forcibly closed by the remote host."),
    (10055, "WSAENOBUFS", "The system lacked sufficient buffer space or a queue was full."),
    (10060, "WSAETIMEDOUT", "The connection attempt got no response within its time."),
    (10061, "WSAECONNREFUSED", "No connection could be made because the target machine actively refused it."),
    (10064, "WSAEHOSTDOWN", "A socket operation failed because the destination host was down."),
    (10065, "WSAEHOSTUNREACH", "A socket operation was attempted to an unreachable host."),
    (11001, "WSAHOST_NOT_FOUND", "No such host is known."),
    (11002, "WSATRY_AGAIN", "The name server gave no authoritative answer; it may be a temporary error."),
    (11004, "WSANO_DATA", "The requested name is valid but has no address of the requested type."),
    (0x20000001, "NOT_RECORDED", "The recording of this host does not have this call."),
    (0xEFFF0001, "ISDSC_NON_SPECIFIC_ERROR", "A non specific error occurred."),
    (0xEFFF0002, "ISDSC_LOGIN_FAILED", "Login Failed."),
    (0xEFFF0003, "ISDSC_CONNECTION_FAILED", "Connection Failed."),
    (0xEFFF0004, "ISDSC_INITIATOR_NODE_ALREADY_EXISTS", "Initiator Node Already Exists."),
    (0xEFFF0005, "ISDSC_INITIATOR_NODE_NOT_FOUND", "Initiator Node Does Not Exist."),
    (0xEFFF0006, "ISDSC_TARGET_MOVED_TEMPORARILY", "Target Moved Temporarily."),
    (0xEFFF0007, "ISDSC_TARGET_MOVED_PERMANENTLY", "Target Moved Permanently."),
    (0xEFFF0008, "ISDSC_INITIATOR_ERROR", "Initiator Error."),
    (0xEFFF0009, "ISDSC_AUTHENTICATION_FAILURE", "Authentication Failure."),
    (0xEFFF000A, "ISDSC_AUTHORIZATION_FAILURE", "Authorization Failure."),
    (0xEFFF000B, "ISDSC_NOT_FOUND", "Not Found."),
    (0xEFFF000C, "ISDSC_TARGET_REMOVED", "Target Removed."),
    (0xEFFF000D, "ISDSC_UNSUPPORTED_VERSION", "Unsupported Version."),
    (0xEFFF000E, "ISDSC_TOO_MANY_CONNECTIONS", "Too many Connections."),
    (0xEFFF000F, "ISDSC_MISSING_PARAMETER", "Missing Parameter."),
    (0xEFFF0010, "ISDSC_CANT_INCLUDE_IN_SESSION", "Can not include in session."),
    (0xEFFF0011, "ISDSC_SESSION_TYPE_NOT_SUPPORTED", "Session type not supported."),
    (0xEFFF0012, "ISDSC_TARGET_ERROR", "Target Error."),
    (0xEFFF0013, "ISDSC_SERVICE_UNAVAILABLE", "Service Unavailable."),
    (0xEFFF0014, "ISDSC_OUT_OF_RESOURCES", "Out of Resources."),
    (0xEFFF0015, "ISDSC_CONNECTION_ALREADY_EXISTS", "Connections already exist on initiator node."),
    (0xEFFF0016, "ISDSC_SESSION_ALREADY_EXISTS", "Session Already Exists."),
    (0xEFFF0017, "ISDSC_INITIATOR_INSTANCE_NOT_FOUND", "Initiator Instance Does Not Exist."),
    (0xEFFF0018, "ISDSC_TARGET_ALREADY_EXISTS", "Target Already Exists."),
    (0xEFFF0019, "ISDSC_DRIVER_BUG", "The iscsi driver implementation did not complete an operation correctly."),
    (0xEFFF001A, "ISDSC_INVALID_TEXT_KEY", "An invalid key text was encountered."),
    (0xEFFF001B, "ISDSC_INVALID_SENDTARGETS_TEXT", "Invalid SendTargets response text was encountered."),
    (0xEFFF001C, "ISDSC_INVALID_SESSION_ID", "Invalid Session Id."),
    (0xEFFF001D, "ISDSC_SCSI_REQUEST_FAILED", "The scsi request failed."),
    (0xEFFF001E, "ISDSC_TOO_MANY_SESSIONS", "Exceeded max sessions for this initiator."),
    (0xEFFF001F, "ISDSC_SESSION_BUSY", "Session is busy since a request is already in progress."),
    (0xEFFF0020, "ISDSC_TARGET_MAPPING_UNAVAILABLE", "The target mapping requested is not available."),
    (0xEFFF0021, "ISDSC_ADDRESS_TYPE_NOT_SUPPORTED", "The Target Address type given is not supported."),
    (0xEFFF0022, "ISDSC_LOGON_FAILED", "Logon Failed."),
    (0xEFFF0023, "ISDSC_SEND_FAILED", "TCP Send Failed."),
    (0xEFFF0024, "ISDSC_TRANSPORT_ERROR", "TCP Transport Error"),
    (0xEFFF0025, "ISDSC_VERSION_MISMATCH", "iSCSI Version Mismatch"),
    (
        0xEFFF0026,
        "ISDSC_TARGET_MAPPING_OUT_OF_RANGE",
        "The Target Mapping Address passed is out of range for the adapter configuration.",
    ),
    (
        0xEFFF0027,
        "ISDSC_TARGET_PRESHAREDKEY_UNAVAILABLE",
        "The preshared key for the target or IKE identification payload is not available.",
    ),
    (
        0xEFFF0028,
        "ISDSC_TARGET_AUTHINFO_UNAVAILABLE",
        "The authentication information for the target is not available.",
    ),
    (0xEFFF0029, "ISDSC_TARGET_NOT_FOUND", "The target name is not found or is marked as hidden from login."),
    (
        0xEFFF002A,
        "ISDSC_LOGIN_USER_INFO_BAD",
        "One or more parameters specified in LoginTargetIN structure is invalid.",
    ),
    (0xEFFF002B, "ISDSC_TARGET_MAPPING_EXISTS", "Given target mapping already exists."),
    (0xEFFF002C, "ISDSC_HBA_SECURITY_CACHE_FULL", "The HBA security information cache is full."),
    (0xEFFF002D, "ISDSC_INVALID_PORT_NUMBER", "The port number passed is not valid for the initiator."),
    (
        0xAFFF002E,
        "ISDSC_OPERATION_NOT_ALL_SUCCESS",
        "The operation was not successful for all initiators or discovery methods.",
    ),
    (
        0xEFFF002F,
        "ISDSC_HBA_SECURITY_CACHE_NOT_SUPPORTED",
        "The HBA security information cache is not supported by this adapter.",
    ),
    (0xEFFF0030, "ISDSC_IKE_ID_PAYLOAD_TYPE_NOT_SUPPORTED", "The IKE id payload type specified is not supported."),
    (0xEFFF0031, "ISDSC_IKE_ID_PAYLOAD_INCORRECT_SIZE", "The IKE id payload size specified is not correct."),
    (0xEFFF0032, "ISDSC_TARGET_PORTAL_ALREADY_EXISTS", "Target Portal Structure Already Exists."),
    (0xEFFF0033, "ISDSC_TARGET_ADDRESS_ALREADY_EXISTS", "Target Address Structure Already Exists."),
    (0xEFFF0034, "ISDSC_NO_AUTH_INFO_AVAILABLE", "There is no IKE authentication information available."),
    (0xEFFF0035, "ISDSC_NO_TUNNEL_OUTER_MODE_ADDRESS", "There is no tunnel mode outer address specified."),
    (0xEFFF0036, "ISDSC_CACHE_CORRUPTED", "Authentication or tunnel address cache is corrupted."),
    (0xEFFF0037, "ISDSC_REQUEST_NOT_SUPPORTED", "The request or operation is not supported."),
    (
        0xEFFF0038,
        "ISDSC_TARGET_OUT_OF_RESORCES",
        "The target does not have enough resources to process the given request.",
    ),
    (
        0xEFFF0039,
        "ISDSC_SERVICE_DID_NOT_RESPOND",
        "The initiator service did not respond to the request sent by the driver.",
    ),
    (
        0xEFFF003A,
        "ISDSC_ISNS_SERVER_NOT_FOUND",
        "The Internet Storage Name Server (iSNS) server was not found or is unavailable.",
    ),
    (
        0xAFFF003B,
        "ISDSC_OPERATION_REQUIRES_REBOOT",
        "The operation was successful but requires a driver reload or reboot to become effective.",
    ),
    (0xEFFF003C, "ISDSC_NO_PORTAL_SPECIFIED", "There is no target portal available to complete the login."),
    (0xEFFF003D, "ISDSC_CANT_REMOVE_LAST_CONNECTION", "Cannot remove the last connection for a session."),
    (
        0xEFFF003E,
        "ISDSC_SERVICE_NOT_RUNNING",
        "The Microsoft iSCSI Initiator Service is not running. Please start the service and retry.",
    ),
    (0xEFFF003F, "ISDSC_TARGET_ALREADY_LOGGED_IN", "The target has already been logged in via an iSCSI session."),
    (
        0xEFFF0040,
        "ISDSC_DEVICE_BUSY_ON_SESSION",
        "The session cannot be logged out since a device on that session is currently being used.",
    ),
    (0xEFFF0041, "ISDSC_COULD_NOT_SAVE_PERSISTENT_LOGIN_DATA", "Failed to save persistent login information."),
    (0xEFFF0042, "ISDSC_COULD_NOT_REMOVE_PERSISTENT_LOGIN_DATA", "Failed to remove persistent login information."),
    (0xEFFF0043, "ISDSC_PORTAL_NOT_FOUND", "The specified portal was not found."),
    (0xEFFF0044, "ISDSC_INITIATOR_NOT_FOUND", "The specified initiator name was not found."),
    (0xEFFF0045, "ISDSC_DISCOVERY_MECHANISM_NOT_FOUND", "The specified discovery mechanism was not found."),
    (0xEFFF0046, "ISDSC_IPSEC_NOT_SUPPORTED_ON_OS", "iSCSI does not support IPSEC for this version of the OS."),
    (
        0xEFFF0047,
        "ISDSC_PERSISTENT_LOGIN_TIMEOUT",
        "The iSCSI service timed out waiting for all persistent logins to complete.",
    ),
    (
        0xAFFF0048,
        "ISDSC_SHORT_CHAP_SECRET",
        "The specified CHAP secret is less than 96 bits and will not be usable for authenticating over non "
        "ipsec connections.",
    ),
    (
        0xEFFF0049,
        "ISDSC_EVALUATION_PEROID_EXPIRED",
        "The evaluation period for the iSCSI initiator service has expired.",
    ),
    (
        0xEFFF004A,
        "ISDSC_INVALID_CHAP_SECRET",
        "CHAP secret given does not conform to the standard. Please see system event log for more information.",
    ),
    (
        0xEFFF004B,
        "ISDSC_INVALID_TARGET_CHAP_SECRET",
        "Target CHAP secret given is invalid. Maximum size of CHAP secret is 16 bytes. Minimum size is 12 "
        "bytes if IPSec is not used.",
    ),
    (
        0xEFFF004C,
        "ISDSC_INVALID_INITIATOR_CHAP_SECRET",
        "Initiator CHAP secret given is invalid. Maximum size of CHAP secret is 16 bytes. Minimum size is 12 "
        "bytes if IPSec is not used.",
    ),
    (0xEFFF004D, "ISDSC_INVALID_CHAP_USER_NAME", "CHAP Username given is invalid."),
    (0xEFFF004E, "ISDSC_INVALID_LOGON_AUTH_TYPE", "Logon Authentication type given is invalid."),
    (0xEFFF004F, "ISDSC_INVALID_TARGET_MAPPING", "Target Mapping information given is invalid."),
    (0xEFFF0050, "ISDSC_INVALID_TARGET_ID", "Target Id given in Target Mapping is invalid."),
    (0xEFFF0051, "ISDSC_INVALID_ISCSI_NAME", "The iSCSI name specified contains invalid characters or is too long."),
    (
        0xEFFF0052,
        "ISDSC_INCOMPATIBLE_ISNS_VERSION",
        "The version number returned from the Internet Storage Name Server (iSNS) server is not compatible "
        "with this version of the iSNS client.",
    ),
    (
        0xEFFF0053,
        "ISDSC_FAILED_TO_CONFIGURE_IPSEC",
        "Initiator failed to configure IPSec for the given connection. This could be because of low resources.",
    ),
    (0xEFFF0054, "ISDSC_BUFFER_TOO_SMALL", "The buffer given for processing the request is too small."),
    (
        0xEFFF0055,
        "ISDSC_INVALID_LOAD_BALANCE_POLICY",
        "The given Load Balance policy is not recognized by iScsi initiator.",
    ),
    (0xEFFF0056, "ISDSC_INVALID_PARAMETER", "One or more paramaters specified is not valid."),
    (
        0xEFFF0057,
        "ISDSC_DUPLICATE_PATH_SPECIFIED",
        "Duplicate PathIds were specified in the call to set Load Balance Policy.",
    ),
    (
        0xEFFF0058,
        "ISDSC_PATH_COUNT_MISMATCH",
        "Number of paths specified in Set Load Balance Policy does not match the number of paths to the target.",
    ),
    (0xEFFF0059, "ISDSC_INVALID_PATH_ID", "Path Id specified in the call to set Load Balance Policy is not valid"),
    (
        0xEFFF005A,
        "ISDSC_MULTIPLE_PRIMARY_PATHS_SPECIFIED",
        "Multiple primary paths specified when only one primary path is expected.",
    ),
    (0xEFFF005B, "ISDSC_NO_PRIMARY_PATH_SPECIFIED", "No primary path specified when at least one is expected."),
    (0xEFFF005C, "ISDSC_DEVICE_ALREADY_PERSISTENTLY_BOUND", "Device is already a persistently bound device."),
    (0xEFFF005D, "ISDSC_DEVICE_NOT_FOUND", "Device was not found."),
    (
        0xEFFF005E,
        "ISDSC_DEVICE_NOT_ISCSI_OR_PERSISTENT",
        "The device specified does not originate from an iSCSI disk or a persistent iSCSI login.",
    ),
    (0xEFFF005F, "ISDSC_DNS_NAME_UNRESOLVED", "The DNS name specified was not resolved."),
    (
        0xEFFF0060,
        "ISDSC_NO_CONNECTION_AVAILABLE",
        "There is no connection available in the iSCSI session to process the request.",
    ),
    (0xEFFF0061, "ISDSC_LB_POLICY_NOT_SUPPORTED", "The given Load Balance policy is not supported."),
    (
        0xEFFF0062,
        "ISDSC_REMOVE_CONNECTION_IN_PROGRESS",
        "A remove connection request is already in progress for this session.",
    ),
    (0xEFFF0063, "ISDSC_INVALID_CONNECTION_ID", "Given connection was not found in the session."),
    (0xEFFF0064, "ISDSC_CANNOT_REMOVE_LEADING_CONNECTION", "The leading connection in the session cannot be removed."),
    (
        0xEFFF0065,
        "ISDSC_RESTRICTED_BY_GROUP_POLICY",
        "The operation cannot be performed since it does not conform with the group policy assigned to this computer.",
    ),
    (
        0xEFFF0066,
        "ISDSC_ISNS_FIREWALL_BLOCKED",
        "The operation cannot be performed since the Internet Storage Name Server (iSNS) firewall exception "
        "has not been enabled.",
    ),
    (0xEFFF0067, "ISDSC_FAILURE_TO_PERSIST_LB_POLICY", "Failed to persist load balancing policy parameters."),
    (0xEFFF0068, "ISDSC_INVALID_HOST", "The name could not be resolved to an IP Address."),
)

# What to do, for those that people meet.
_HINTS = (
    (
        "The driver of the initiator has no adapter. After the first start of MSiSCSI on a host Windows needs some"
        " seconds to create it: run the task again. Otherwise check the device Microsoft iSCSI Initiator in the device"
        " manager.",
        ("ERROR_WMI_GUID_NOT_FOUND", "ERROR_WMI_INSTANCE_NOT_FOUND"),
    ),
    (
        "Record the host again with this version of the collection, and without leaving out parts.",
        ("NOT_RECORDED",),
    ),
    (
        "Start MSiSCSI and set it to automatic: winstorage.iscsi.initiator with service_state: started. An empty list"
        " from a stopped service means nothing.",
        ("ISDSC_SERVICE_NOT_RUNNING", "ERROR_SERVICE_NOT_ACTIVE", "RPC_S_UNKNOWN_IF"),
    ),
    (
        "The initiator service did not answer. See on the host whether MSiSCSI runs (Get-Service MSiSCSI), and start"
        " it: winstorage.iscsi.initiator with service_state: started.",
        (
            "RPC_S_SERVER_UNAVAILABLE",
            "RPC_S_CALL_FAILED",
            "EPT_S_NOT_REGISTERED",
            "ERROR_SERVICE_REQUEST_TIMEOUT",
            "ISDSC_SERVICE_DID_NOT_RESPOND",
        ),
    ),
    (
        "MSiSCSI is disabled. Let it start: winstorage.iscsi.initiator with service_state: started, which sets it to"
        " automatic.",
        ("ERROR_SERVICE_DISABLED",),
    ),
    (
        "This Windows has no Microsoft iSCSI initiator (service MSiSCSI, iscsidsc.dll).",
        ("ERROR_SERVICE_DOES_NOT_EXIST", "ERROR_MOD_NOT_FOUND"),
    ),
    ("This iscsidsc.dll lacks the function: the Windows version is older than the call.", ("ERROR_PROC_NOT_FOUND",)),
    (
        "Even reading needs an elevated token. Connect as an administrator of the host, or use become with runas;"
        " over WinRM a local administrator other than the built-in one may need LocalAccountTokenFilterPolicy.",
        ("ERROR_ACCESS_DENIED", "ERROR_ELEVATION_REQUIRED", "ERROR_PRIVILEGE_NOT_HELD"),
    ),
    (
        "Group policy (Computer Configuration, Administrative Templates, System, iSCSI) forbids this on the host."
        " Have the policy changed (gpresult /h shows which one it is), or declare what it allows.",
        ("ISDSC_RESTRICTED_BY_GROUP_POLICY",),
    ),
    (
        "The portal did not answer. Check address, TCP port (usually 3260), routes and firewalls from the host"
        " (Test-NetConnection), and the initiator port that the login is bound to.",
        (
            "ISDSC_CONNECTION_FAILED",
            "ISDSC_SEND_FAILED",
            "ISDSC_TRANSPORT_ERROR",
            "WSAETIMEDOUT",
            "WSAECONNREFUSED",
            "WSAENETUNREACH",
            "WSAEHOSTUNREACH",
            "WSAEHOSTDOWN",
            "WSAENETDOWN",
            "WSAECONNRESET",
            "WSAECONNABORTED",
        ),
    ),
    (
        "The address that the portal or login is bound to may have left the host: compare its initiator port with the"
        " addresses of the host.",
        ("WSAEADDRNOTAVAIL", "ISDSC_INVALID_PORT_NUMBER"),
    ),
    ("An address is neither an IP address nor a host name. Check how it is spelled.", ("WSAEINVAL",)),
    (
        "The host cannot resolve the name of the portal or server. Check its DNS (Resolve-DnsName), or declare an IP"
        " address.",
        ("ISDSC_DNS_NAME_UNRESOLVED", "ISDSC_INVALID_HOST", "WSAHOST_NOT_FOUND", "WSATRY_AGAIN", "WSANO_DATA"),
    ),
    (
        "The target refused the login. Its log tells why; often it does not list the node name of this"
        " initiator (in the facts), or wants CHAP.",
        ("ISDSC_LOGIN_FAILED", "ISDSC_LOGON_FAILED", "ISDSC_AUTHORIZATION_FAILURE", "ISDSC_INITIATOR_ERROR"),
    ),
    (
        "CHAP was refused. Check user name and secret at both ends; the discovery of a portal and the login to a"
        " target have each their own. A secret cannot be read back: send it again with update_secret: always.",
        ("ISDSC_AUTHENTICATION_FAILURE",),
    ),
    (
        "A CHAP secret has 12 to 16 bytes (from 1 byte with IPsec), and the mutual secret should differ from the"
        " target's.",
        (
            "ISDSC_INVALID_CHAP_SECRET",
            "ISDSC_INVALID_TARGET_CHAP_SECRET",
            "ISDSC_INVALID_INITIATOR_CHAP_SECRET",
            "ISDSC_SHORT_CHAP_SECRET",
        ),
    ),
    (
        "Set auth_type to none, chap or mutual_chap, and for chap a user name and a secret.",
        ("ISDSC_INVALID_LOGON_AUTH_TYPE", "ISDSC_INVALID_CHAP_USER_NAME", "ISDSC_TARGET_AUTHINFO_UNAVAILABLE"),
    ),
    (
        "The initiator must know the target before it logs in: add its portal (winstorage.iscsi.target_portal with"
        " refresh: true) or the target itself (winstorage.iscsi.static_target), and check that the array shows it to"
        " this node.",
        ("ISDSC_TARGET_NOT_FOUND", "ISDSC_NO_PORTAL_SPECIFIED"),
    ),
    (
        "The portal no longer has the target. Refresh the discovery (winstorage.iscsi.target_portal with refresh:"
        " true), then update or remove the login.",
        ("ISDSC_TARGET_REMOVED", "ISDSC_TARGET_MOVED_TEMPORARILY", "ISDSC_TARGET_MOVED_PERMANENTLY", "ISDSC_NOT_FOUND"),
    ),
    (
        "The target could not serve the login or the discovery: it may be starting, out of sessions or in trouble. A"
        " dead address can end so too, after minutes. Check the array and the portal's address.",
        (
            "ISDSC_TARGET_ERROR",
            "ISDSC_TARGET_OUT_OF_RESORCES",
            "ISDSC_SERVICE_UNAVAILABLE",
            "ISDSC_OUT_OF_RESOURCES",
            "ISDSC_TOO_MANY_CONNECTIONS",
        ),
    ),
    (
        "No such portal in the initiator's list. Address, TCP port, initiator instance and initiator port must be the"
        " ones that the facts report.",
        ("ISDSC_PORTAL_NOT_FOUND", "ISDSC_DISCOVERY_MECHANISM_NOT_FOUND"),
    ),
    (
        "No such initiator instance. Use one of those that the facts report, usually ROOT\\ISCSIPRT\\0000_0, or leave"
        " it out. A login that is saved for an adapter that is gone can be removed only while the adapter is there.",
        ("ISDSC_INITIATOR_NOT_FOUND", "ISDSC_INITIATOR_INSTANCE_NOT_FOUND", "ISDSC_INITIATOR_NODE_NOT_FOUND"),
    ),
    (
        "The target already has a session, or already has a saved login if this one was to be saved. Without the login"
        " flag multipath_enabled there can be only one of each, through whatever portal and port. For more paths set"
        " the flag (multipath: true) on every login, with MPIO installed and claiming iSCSI devices.",
        ("ISDSC_TARGET_ALREADY_LOGGED_IN", "ISDSC_SESSION_ALREADY_EXISTS", "ISDSC_CONNECTION_ALREADY_EXISTS"),
    ),
    (
        "A disk of the session is in use. Take it offline or end what uses it, then try again; the facts name the"
        " devices of each session.",
        ("ISDSC_DEVICE_BUSY_ON_SESSION",),
    ),
    (
        "The session has another request under way. This passes: try again.",
        ("ISDSC_SESSION_BUSY", "ISDSC_REMOVE_CONNECTION_IN_PROGRESS"),
    ),
    (
        "The session has ended since it was listed. Gather the facts again.",
        ("ISDSC_INVALID_SESSION_ID", "ISDSC_INVALID_CONNECTION_ID", "ISDSC_NO_CONNECTION_AVAILABLE"),
    ),
    (
        "A session keeps its leading and its last connection: log the session out instead (winstorage.iscsi.session).",
        ("ISDSC_CANT_REMOVE_LAST_CONNECTION", "ISDSC_CANNOT_REMOVE_LEADING_CONNECTION"),
    ),
    (
        "The initiator has reached its limit. Look for logins that are saved twice or whose target is gone, and"
        " remove them.",
        ("ISDSC_TOO_MANY_SESSIONS",),
    ),
    (
        "The login was not saved. Windows is reported to keep at most 256 persistent logins; the System event log"
        " (iScsiPrt, MSiSCSI) may tell more.",
        ("ISDSC_COULD_NOT_SAVE_PERSISTENT_LOGIN_DATA",),
    ),
    (
        "The login was not removed. Gather the facts again: it may be gone already, or differ in portal, TCP port,"
        " instance or initiator port.",
        ("ISDSC_COULD_NOT_REMOVE_PERSISTENT_LOGIN_DATA",),
    ),
    (
        "Some saved logins did not complete at start-up. The reboot forecast in the facts tells which have no"
        " session; remove those whose target is gone.",
        ("ISDSC_PERSISTENT_LOGIN_TIMEOUT",),
    ),
    (
        "Part of it failed. Gather the facts and compare; a portal or an iSNS server that does not answer is the"
        " usual cause.",
        ("ISDSC_OPERATION_NOT_ALL_SUCCESS",),
    ),
    ("Restart the host when it suits: ansible.windows.win_reboot.", ("ISDSC_OPERATION_REQUIRES_REBOOT",)),
    (
        "The iSNS server did not answer. Check its address, TCP port 3205, and the firewalls between.",
        ("ISDSC_ISNS_SERVER_NOT_FOUND",),
    ),
    (
        'Enable the firewall rule group "iSCSI Service" on the host (Enable-NetFirewallRule).',
        ("ISDSC_ISNS_FIREWALL_BLOCKED",),
    ),
    (
        "Names are iqn.yyyy-mm.domain:name, eui. or naa.; lower-case letters, digits, '-', '.' and ':', at most 223"
        " characters.",
        ("ISDSC_INVALID_ISCSI_NAME",),
    ),
    (
        "IPsec is not available to this initiator. Leave the security flags out, and protect the storage network"
        " otherwise.",
        ("ISDSC_IPSEC_NOT_SUPPORTED_ON_OS", "ISDSC_FAILED_TO_CONFIGURE_IPSEC"),
    ),
    (
        "Use the device path that the facts report for an iSCSI disk with a persistent login.",
        ("ISDSC_DEVICE_NOT_FOUND", "ISDSC_DEVICE_NOT_ISCSI_OR_PERSISTENT"),
    ),
    (
        "The initiator kept asking for more memory than it was given, also after it was given what it asked for,"
        " or for more than the 16 MiB that a list may have. A list that changes while it is read does the first: try"
        " again. Only thousands of logins do the second: see on the host what iscsicli ListPersistentTargets says.",
        ("ERROR_INSUFFICIENT_BUFFER", "ISDSC_BUFFER_TOO_SMALL"),
    ),
    ("Some Windows versions refuse a very large buffer so: try again with a smaller one.", ("ERROR_NOACCESS",)),
    (
        "The initiator refused a value. Often it is the initiator port: without an initiator instance the port must"
        " be left out, which means any.",
        ("ERROR_INVALID_PARAMETER", "ISDSC_INVALID_PARAMETER", "ISDSC_LOGIN_USER_INFO_BAD"),
    ),
    (
        "An initiator portal (source address) that the host does not have was reported to end so: check the initiator"
        " port.",
        ("ERROR_INTERNAL_ERROR",),
    ),
    (
        "The call took longer than its phase may. A portal that does not answer can block a discovery for minutes:"
        " repair or remove it, or allow the phase more time.",
        ("ERROR_TIMEOUT",),
    ),
    (
        "This initiator or its driver does not offer the operation.",
        ("ISDSC_REQUEST_NOT_SUPPORTED", "ERROR_NOT_SUPPORTED"),
    ),
    (
        "The System event log of the host (sources iScsiPrt and MSiSCSI) may tell more.",
        ("ISDSC_NON_SPECIFIC_ERROR", "ISDSC_DRIVER_BUG"),
    ),
)


class Status(t.NamedTuple):
    """The result of a call: value (uint32), symbol, severity (success, warning, error), text, hint (may be empty)."""

    value: int
    symbol: str
    severity: str
    text: str
    hint: str

    @property
    def ok(self) -> bool:
        """True when the operation went through: success, or a warning."""
        return self.severity != "error"

    @property
    def number(self) -> str:
        """The value as people look it up: hexadecimal for ISDSC codes, decimal for Win32 codes."""
        return f"0x{self.value:08X}" if self.value > 0xFFFF else str(self.value)

    def describe(self, export: str = "") -> str:
        """One line: "ISDSC_SESSION_BUSY (0xEFFF001F): Session is busy ... The session has another request ...".

        :param export: the function that ended so. Of group policies it tells which can have forbidden it.
        """
        title = self.symbol if self.symbol == self.number else f"{self.symbol} ({self.number})"
        text = self.text if self.text.endswith(".") else self.text + "."
        explained = policies.explain(export) if self.value == RESTRICTED_BY_GROUP_POLICY else ""
        return " ".join(filter(None, (f"{title}: {text}", explained, self.hint)))


def _severity(value: int) -> str:
    # Only the facility 0xFFF has warnings: other numbers with the top bit alone are failed HRESULTs.
    if value == SUCCESS:
        return "success"
    return "warning" if value >> 16 == 0xAFFF else "error"


def _unknown(value: int) -> Status:
    number = f"0x{value:08X}"
    hint = f"On Windows, net helpmsg {value} may explain it." if value <= 0xFFFF else ""
    return Status(value, number, _severity(value), "An unknown status.", hint)


_HINT_OF = {symbol: hint for hint, symbols in _HINTS for symbol in symbols}
_BY_VALUE = {
    value: Status(value, symbol, _severity(value), text, _HINT_OF.get(symbol, "")) for value, symbol, text in _CODES
}
_BY_NAME = {status.symbol: status for status in _BY_VALUE.values()}
KNOWN = tuple(_BY_VALUE.values())


def of(value: int) -> Status:
    """The Status of a return value, given as uint32 or as the signed integer that PowerShell and .NET show.

    A value that is not in the tables has its hexadecimal form as symbol. ValueError when it does not fit 32 bits.
    """
    if not -1 << 31 <= value < 1 << 32:
        raise ValueError(f"status {value} does not fit 32 bits")
    value &= 0xFFFFFFFF
    return _BY_VALUE.get(value) or _unknown(value)


def by_name(name: str) -> Status:
    """The Status of a symbol in any case, or of a number such as "0xEFFF003E". ValueError for a name without one."""
    symbol = name.strip().upper()
    if symbol in _BY_NAME:
        return _BY_NAME[symbol]
    try:
        return of(int(symbol, 0))
    except ValueError:
        near = ", ".join(difflib.get_close_matches(symbol, _BY_NAME, n=3))
        raise ValueError(f"unknown status {name!r}" + (f"; did you mean {near}?" if near else "")) from None
