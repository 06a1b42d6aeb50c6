# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The cmdlets that the lab uses, where there is no Windows. They keep what they were asked in the folder LAB_HOST, and
# answer from it. A PowerShell that has this folder's parent in PSModulePath loads them by name.

function Get-Kept($name) {
    $path = "$env:LAB_HOST/$name.json"
    if (Test-Path $path) { Get-Content -Raw $path | ConvertFrom-Json }
}
function Set-Kept($name, $value) { ConvertTo-Json -Depth 5 $value | Set-Content "$env:LAB_HOST/$name.json" }
function Write-Call($name, $arguments) { Add-Content "$env:LAB_HOST/calls" "$name $arguments" }

function Set-Service($Name, $StartupType) { Write-Call Set-Service "$Name $StartupType" }
function Start-Service($Name) { Write-Call Start-Service $Name }
function Restart-Service($Name) { Write-Call Restart-Service $Name }
function New-ItemProperty($Path, $Name, $Value, $PropertyType, [switch]$Force) { Write-Call New-ItemProperty $Name }

# A feature needs a restart the first time, and says so in a word that is not Yes.
function Install-WindowsFeature($Name) {
    $needed = if (Get-Kept $Name) { 'No' } else { 'Maybe' }
    if ($env:LAB_NO_RESTART) { $needed = 'No' }
    Set-Kept $Name @{ Installed = $true }
    [pscustomobject]@{ Success = $true; RestartNeeded = $needed }
}
function Get-MSDSMAutomaticClaimSettings { @{ iSCSI = [bool](Get-Kept claim); SAS = $false } }
function Enable-MSDSMAutomaticClaim($BusType) { Set-Kept claim @{ BusType = $BusType }; 'claimed' }

function Get-CimInstance($ClassName) {
    if ($ClassName -ne 'Win32_OperatingSystem') { throw "no class $ClassName" }
    [pscustomobject]@{ LastBootUpTime = ([datetime]'2026-11-25').AddHours([int](Get-Content "$env:LAB_HOST/boots")) }
}
# The adapter comes some time after the service was started: the third time that it is asked for.
function Get-InitiatorPort {
    [CmdletBinding()] param()
    $asked = 1 + (Get-Kept asked).Times
    Set-Kept asked @{ Times = $asked }
    [pscustomobject]@{ ConnectionType = 'Fibre Channel'; NodeAddress = '20000000000000' }
    if ($asked -ge 3 -and -not $env:LAB_NO_ADAPTER) {
        [pscustomobject]@{ ConnectionType = 'iSCSI'; NodeAddress = 'iqn.1991-05.com.microsoft:win01' }
    }
}
function Start-Sleep($Seconds) { Write-Call Start-Sleep $Seconds }

function Set-IscsiTargetServerSetting($IP, $Port, $Enable) { Write-Call Set-IscsiTargetServerSetting "$IP $Port $Enable" }
function Get-IscsiTargetServerSetting { [pscustomobject]@{ Portals = '-192.0.2.9:3260', '+192.0.2.10:3260' } }
function Get-IscsiVirtualDisk { Get-Kept disk }
function New-IscsiVirtualDisk($Path, $SizeBytes) {
    if (Get-Kept disk) { throw "The file $Path exists" }
    Set-Kept disk @{ Path = $Path; SizeBytes = $SizeBytes }
    Get-Kept disk
}
function Get-IscsiServerTarget($TargetName) {
    $target = Get-Kept target
    if ($TargetName -and $target.TargetName -ne $TargetName) { throw "There is no target $TargetName" }
    $target
}
function New-IscsiServerTarget($TargetName, $InitiatorIds) {
    if (Get-Kept target) { throw "The target $TargetName exists" }
    $iqn = "iqn.1991-05.com.microsoft:server01-$TargetName-target"
    Set-Kept target @{ TargetName = $TargetName; TargetIqn = $iqn; InitiatorIds = $InitiatorIds; LunMappings = @() }
    Get-Kept target
}
function Set-IscsiServerTarget($TargetName, $TargetIqn, $InitiatorIds, [bool]$EnableChap, [pscredential]$Chap) {
    $target = Get-IscsiServerTarget -TargetName $TargetName
    $own = @{ TargetName = $TargetName; TargetIqn = $TargetIqn; InitiatorIds = $InitiatorIds; EnableChap = $EnableChap }
    $own.LunMappings = @($target.LunMappings)
    if ($Chap) { $own.User = $Chap.UserName; $own.Secret = $Chap.GetNetworkCredential().Password }
    Set-Kept target $own
}
function Add-IscsiVirtualDiskTargetMapping($TargetName, $Path) {
    $target = Get-IscsiServerTarget -TargetName $TargetName
    if ($target.LunMappings) { throw "$Path is mapped" }
    $target.LunMappings = @($Path)
    Set-Kept target $target
}
function Remove-IscsiServerTarget {
    param([Parameter(ValueFromPipeline)]$InputObject)
    process { Remove-Item "$env:LAB_HOST/target.json" }
}
function Remove-IscsiVirtualDisk {
    param([Parameter(ValueFromPipeline)]$InputObject)
    process { if (Get-Kept target) { throw 'The disk is in use' }; Remove-Item "$env:LAB_HOST/disk.json" }
}

Export-ModuleMember -Function *-* -Alias @()
