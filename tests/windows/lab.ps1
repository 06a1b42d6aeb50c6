# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Creates an iSCSI target on this disposable Windows Server for its own initiator, and returns its IQN and the address of
# a portal. The target server refuses 127.0.0.1, so the portal is the first enabled IPv4 portal of the server. Called with
# another name, it creates another target. It is written for the workflow and has never been run.

param(
    [string]$Name = 'lab',
    [pscredential]$Chap # what the target asks for; without it, nothing
)
$ErrorActionPreference = 'Stop'

$feature = Install-WindowsFeature -Name FS-iSCSITarget-Server
if (-not $feature.Success) { throw 'FS-iSCSITarget-Server was not installed' }
if ($feature.RestartNeeded -eq 'Yes') { throw 'FS-iSCSITarget-Server needs a restart' }
# Without this setting, the target server refuses initiators of its own machine.
$key = 'HKLM:\SOFTWARE\Microsoft\iSCSI Target'
$null = New-ItemProperty -Path $key -Name AllowLoopBack -Value 1 -PropertyType DWord -Force
Restart-Service -Name WinTarget
Set-Service -Name MSiSCSI -StartupType Manual
Start-Service -Name MSiSCSI

# A portal is shown as +192.0.2.10:3260 if it is enabled, else with a minus sign.
$portals = (Get-IscsiTargetServerSetting).Portals | ForEach-Object { "$_" }
$address = $portals | Where-Object { $_ -match '^\+(\d+\.\d+\.\d+\.\d+):3260$' -and $_ -notmatch '^\+127\.' } |
    Select-Object -First 1
if (-not $address) { throw "The target server has no enabled IPv4 portal on port 3260: $portals" }
$address = $address -replace '^\+(.*):3260$', '$1'
# After the first start of MSiSCSI its adapter, which has the name, comes some seconds later.
foreach ($second in 1..30) {
    $port = Get-InitiatorPort -ErrorAction SilentlyContinue | Where-Object ConnectionType -eq 'iSCSI'
    $node = ($port | Select-Object -First 1).NodeAddress
    if ($node) { break }
    Start-Sleep -Seconds 1
}
if (-not $node) { throw 'The initiator has no node name. MSiSCSI has no adapter after 30 seconds' }

$disk = Join-Path -Path $env:SystemDrive -ChildPath "$Name.vhdx"
$null = New-IscsiVirtualDisk -Path $disk -SizeBytes 64MB
$null = New-IscsiServerTarget -TargetName $Name -InitiatorIds "IQN:$node"
$null = Add-IscsiVirtualDiskTargetMapping -TargetName $Name -Path $disk
if ($Chap) { Set-IscsiServerTarget -TargetName $Name -EnableChap $true -Chap $Chap }
[pscustomobject]@{ Address = $address; Target = (Get-IscsiServerTarget -TargetName $Name).TargetIqn.ToString() }
