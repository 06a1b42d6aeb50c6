# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Writes what the tools of Windows report about the initiator of this host, for judge.py: {"logins": [[target, address,
# port]], "portals": [[address, port]]}. The logins come from WMI, because no cmdlet lists those without a session.
# It is written for the workflow and has never been run.

param(
    [Parameter(Mandatory = $true)][string]$Path
)
$ErrorActionPreference = 'Stop'

$logins = @(Get-CimInstance -Namespace root/wmi -ClassName MSiSCSIInitiator_PersistentLoginClass | ForEach-Object {
        , @([string]$_.TargetName, [string]$_.TargetPortal.Address, [int]$_.TargetPortal.Port)
    })
$portals = @(Get-IscsiTargetPortal | ForEach-Object {
        , @([string]$_.TargetPortalAddress, [int]$_.TargetPortalPortNumber)
    })
ConvertTo-Json -InputObject @{ logins = $logins; portals = $portals } -Depth 4 | Set-Content -Path $Path -Encoding UTF8
