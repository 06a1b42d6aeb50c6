# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Lets an Ansible on this disposable host, in its Linux subsystem, reach the host over WinRM: an administrator with a
# random password, and an inventory for ansible-test. It is written for the workflow and has not been run anywhere.

param(
    [Parameter(Mandatory = $true)][string]$Inventory # the file to write
)
$ErrorActionPreference = 'Stop'

$name, $password = 'ansible', "Aa1-$([guid]::NewGuid())"
"::add-mask::$password" # GitHub hides it in its logs
$secure = New-Object -TypeName System.Security.SecureString
$password.ToCharArray() | ForEach-Object { $secure.AppendChar($_) }
$null = New-LocalUser -Name $name -Password $secure
Add-LocalGroupMember -SID S-1-5-32-544 -Member $name # Administrators, whatever Windows calls them
$null = Enable-PSRemoting -SkipNetworkProfileCheck -Force
# Without this setting, local administrators other than the built-in one are not elevated over WinRM.
$policy = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System'
$null = New-ItemProperty -Path $policy -Name LocalAccountTokenFilterPolicy -Value 1 -PropertyType DWord -Force

$lines = @(
    '[windows]'
    "lab ansible_host=127.0.0.1 ansible_user=$name ansible_password=$password"
    '[windows:vars]'
    'ansible_connection=winrm'
    'ansible_port=5985'
    'ansible_winrm_scheme=http'
    'ansible_winrm_transport=ntlm' # which encrypts the messages itself
)
[IO.File]::WriteAllText($Inventory, ($lines -join "`n") + "`n")
exit 0
