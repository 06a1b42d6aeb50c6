# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Switches the real-time protection of Defender on, for this disposable machine, and fails unless it then looks at all
# files and scripts: images of GitHub exclude whole drives. It is written for the workflow and has never been run.

$ErrorActionPreference = 'Stop'

$excluding = 'ExclusionPath', 'ExclusionExtension', 'ExclusionProcess'
$watching = 'DisableRealtimeMonitoring', 'DisableScriptScanning', 'DisableIOAVProtection', 'DisableBehaviorMonitoring'
$preference = Get-MpPreference
foreach ($kind in $excluding) {
    if ($preference.$kind) {
        $excluded = @{ $kind = $preference.$kind }
        Remove-MpPreference @excluded
    }
}
$on = @{}
foreach ($kind in $watching) { $on[$kind] = $false }
Set-MpPreference @on
Start-Sleep -Seconds 15
$status = Get-MpComputerStatus
$status | Format-List AMRunningMode, RealTimeProtectionEnabled, AntivirusSignatureVersion, IsTamperProtected
if (-not $status.RealTimeProtectionEnabled -or $status.AMRunningMode -ne 'Normal') {
    throw 'Defender cannot be switched on here'
}
$preference = Get-MpPreference
foreach ($kind in $excluding) { if ($preference.$kind) { throw "Defender still has an $kind" } }
foreach ($kind in $watching) { if ($preference.$kind) { throw "Defender still has $kind" } }
exit 0
