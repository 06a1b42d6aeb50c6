# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Creates a target with CHAP on this disposable Windows Server, beside that of lab.ps1, and writes what the targets of
# ansible-test need to know of it. It is written for the workflow and has not been run on Windows.

param(
    [Parameter(Mandatory = $true)][string]$Path # the file to write, tests/integration/integration_config.yml
)
$ErrorActionPreference = 'Stop'

$name, $secret = 'lab', [guid]::NewGuid().ToString('N').Substring(0, 14) # Windows wants 12 to 16 characters
"::add-mask::$secret" # GitHub hides it in its logs
$secure = New-Object -TypeName System.Security.SecureString
$secret.ToCharArray() | ForEach-Object { $secure.AppendChar($_) }
$chap = New-Object -TypeName System.Management.Automation.PSCredential -ArgumentList $name, $secure
$lab = & "$PSScriptRoot/lab.ps1" -Name modules -Chap $chap

$lines = @(
    "lab_portal: '$($lab.Address)'"
    "lab_target: '$($lab.Target)'"
    "lab_user: '$name'"
    "lab_secret: '$secret'"
)
[IO.File]::WriteAllText($Path, ($lines -join "`n") + "`n")
