# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Runs a script as if this were a simulated host: the tools of Windows that the targets of ansible-test use say what the
# file of the host's state says. Which properties the real ones have comes from Microsoft's documentation.

param([string]$Script)

$file = $env:SIMULATED_STATE
$state = if ($file -and (Test-Path -Path $file)) { (Get-Content -Raw -Path $file | ConvertFrom-Json -AsHashtable).state }
if (-not $state) { $state = @{} }
$adapterKey = 'SYSTEM\CurrentControlSet\Control\Class\{4d36e97b-e325-11ce-bfc1-08002be10318}\0003'

function Read-Value($key, $name) { if ($state.windows -and $state.windows.registry[$key]) { $state.windows.registry[$key][$name] } }
function Update-HostStorageCache { }
function Start-Sleep { }
function Get-Service {
    # what is as it is by default is not in the file
    $words = @{ running = 'Running'; automatic = 'Automatic'; disabled = 'Disabled' }
    $status, $mode = $words["$($state.service.state)"], $words["$($state.service.start_mode)"]
    [pscustomobject]@{
        Status = if ($status) { $status } else { 'Stopped' }
        StartType = if ($mode) { $mode } else { 'Manual' }
    }
}
function Get-InitiatorPort {
    if ($state.initiator) { [pscustomobject]@{ ConnectionType = 'iSCSI'; NodeAddress = $state.initiator.node_name } }
}
function Get-IscsiTargetPortal {
    foreach ($portal in $state.target_portals) {
        [pscustomobject]@{ TargetPortalAddress = $portal.address; TargetPortalPortNumber = 3260 }
    }
}
function Get-IscsiTarget {
    foreach ($target in @($state.static_targets) + @($state.discovered_targets)) {
        if ($target) { [pscustomobject]@{ NodeAddress = $target.target } }
    }
}
function Get-IscsiSession {
    foreach ($session in $state.sessions) {
        $chap = $session.login_options.auth_type -eq 'chap'
        [pscustomobject]@{ TargetNodeAddress = $session.target; IsConnected = $true; Disks = $session.disks.Values
            AuthenticationType = if ($chap) { 'ONEWAYCHAP' } else { 'NONE' } }
    }
}
function Get-Disk {
    param([Parameter(ValueFromPipeline)]$Session)
    process { foreach ($number in $Session.Disks) { [pscustomobject]@{ Number = $number; PartitionStyle = 'MBR' } } }
}
function Set-Disk { param([Parameter(ValueFromPipeline)]$Disk, $Number, $IsOffline, $IsReadOnly) }
function Get-Partition { param($DiskNumber) [pscustomobject]@{ DriveLetter = [char]'E' } }
function Get-CimInstance {
    foreach ($login in $state.persistent_logins) {
        [pscustomobject]@{ TargetName = $login.target
            TargetPortal = @{ Address = $login.portal.address; Port = 3260 }
            LoginOptions = @{ AuthType = [int]($login.login_options.auth_type -eq 'chap') } }
    }
}
function Get-ChildItem {
    [pscustomobject]@{ PSPath = "HKLM:\$adapterKey" } |
        Add-Member -PassThru -MemberType ScriptMethod -Name GetValue -Value { 'root\iscsiprt' }
}
function Get-ItemProperty {
    param($Path)
    $key = $Path -replace '^HKLM:\\'
    [pscustomobject]@{ LinkDownTime = Read-Value $key 'LinkDownTime'; DependOnService = Read-Value $key 'DependOnService' }
}
function iscsicli.exe {
    switch ($args[0]) {
        ListPersistentTargets { $state.persistent_logins | ForEach-Object { "Target Name : $($_.target)" } }
        ListiSNSServers { $state.isns_servers }
        ReportPersistentDevices { $state.persistent_devices }
        default { throw "iscsicli $args" }
    }
}

& ([scriptblock]::Create($Script))
