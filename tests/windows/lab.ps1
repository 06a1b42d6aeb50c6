# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Creates an iSCSI target on this disposable Windows Server for its own initiator, and prints the IQN. It is written for
# the workflow and has not been run anywhere else.

param(
    [string]$Name = 'lab',
    [string]$Address = '127.0.0.1'
)
$ErrorActionPreference = 'Stop'

$feature = Install-WindowsFeature -Name FS-iSCSITarget-Server
if (-not $feature.Success) { throw 'FS-iSCSITarget-Server was not installed' }
# Without this setting, the target server refuses initiators of its own machine.
$null = New-ItemProperty -Path 'HKLM:\SOFTWARE\Microsoft\iSCSI Target' -Name AllowLoopBack -Value 1 -PropertyType DWord -Force
Restart-Service -Name WinTarget
Set-Service -Name MSiSCSI -StartupType Manual
Start-Service -Name MSiSCSI

$disk = Join-Path -Path $env:SystemDrive -ChildPath "$Name.vhdx"
$null = New-IscsiVirtualDisk -Path $disk -SizeBytes 64MB
$null = New-IscsiServerTarget -TargetName $Name -InitiatorIds "IPAddress:$Address"
Add-IscsiVirtualDiskTargetMapping -TargetName $Name -Path $disk
(Get-IscsiServerTarget -TargetName $Name).TargetIqn.ToString()
