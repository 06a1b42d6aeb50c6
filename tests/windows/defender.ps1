# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Switches the real-time protection of Defender on, for this disposable machine, and fails unless it then looks at files and
# scripts: images of GitHub exclude whole drives. It is written for the workflow and has not been run anywhere else.

$ErrorActionPreference = 'Stop'

$preference = Get-MpPreference
foreach ($kind in 'ExclusionPath', 'ExclusionExtension', 'ExclusionProcess') {
    if ($preference.$kind) {
        $excluded = @{ $kind = $preference.$kind }
        Remove-MpPreference @excluded
    }
}
$on = @{ DisableRealtimeMonitoring = $false; DisableScriptScanning = $false; DisableIOAVProtection = $false }
Set-MpPreference @on -DisableBehaviorMonitoring $false
Start-Sleep -Seconds 15
$status = Get-MpComputerStatus
$status | Format-List AMRunningMode, RealTimeProtectionEnabled, AntivirusSignatureVersion, IsTamperProtected
if (-not $status.RealTimeProtectionEnabled -or $status.AMRunningMode -ne 'Normal') {
    throw 'Defender cannot be switched on here'
}
if ((Get-MpPreference).ExclusionPath) { throw 'Defender still leaves out folders' }
exit 0
