# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Saves two logins and opens a session to the target of lab.ps1, with tools of Windows; with -Remove it takes them back.
# Windows saves a second login of a target only with the multipath flag (2). iscsicli may end with 0 although it failed,
# so what counts is how many logins Windows has afterwards. It is written for the workflow and has never been run.

param(
    [Parameter(Mandatory = $true)][string]$Target,
    [Parameter(Mandatory = $true)][string]$Address,
    [switch]$Remove
)
$ErrorActionPreference = 'Stop'

function Invoke-Iscsicli {
    & iscsicli.exe @args | Out-Host
    if ($LASTEXITCODE) { throw ('iscsicli {0}: status 0x{1:X8}' -f ($args -join ' '), $LASTEXITCODE) }
}

function Confirm-SavedLogin([int]$Number) {
    $saved = @(Get-CimInstance -Namespace root/wmi -ClassName MSiSCSIInitiator_PersistentLoginClass |
            Where-Object TargetName -EQ $Target)
    if ($saved.Count -ne $Number) { throw "$($saved.Count) logins of $Target are saved, and not $Number" }
}

if ($Remove) {
    Get-IscsiSession | Where-Object TargetNodeAddress -eq $Target | ForEach-Object {
        Disconnect-IscsiTarget -SessionIdentifier $_.SessionIdentifier -Confirm:$false
    }
    Invoke-Iscsicli RemovePersistentTarget ROOT\ISCSIPRT\0000_0 $Target '*' $Address 3260
    # The other login was saved for any portal. Whether it is gone with the first is not known, so this may fail.
    & iscsicli.exe RemovePersistentTarget ROOT\ISCSIPRT\0000_0 $Target '*' '*' '*' | Out-Host
    Confirm-SavedLogin 0
    Remove-IscsiTargetPortal -TargetPortalAddress $Address -Confirm:$false
    exit 0
}
$null = New-IscsiTargetPortal -TargetPortalAddress $Address
$any = @('*') * 9
Invoke-Iscsicli PersistentLoginTarget $Target T $Address 3260 '*' '*' '*' 0x00000002 @any 0
Invoke-Iscsicli PersistentLoginTarget $Target T '*' '*' '*' '*' '*' 0x00000002 @any 0
Confirm-SavedLogin 2
$null = Connect-IscsiTarget -NodeAddress $Target -TargetPortalAddress $Address -IsMultipathEnabled $true
exit 0
