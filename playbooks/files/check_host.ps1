# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Prints what check_connection.yml asks of a host, as JSON between two marks. It changes nothing, and also runs in
# Constrained Language Mode and in PowerShell 4. It must stay short: it is sent on a command line, without these lines,
# and ansible-core 2.16 and 2.18 encode that command line once more.

# Over psrp a program that is blocked would end the script.
trap { continue }
$ErrorActionPreference = $ProgressPreference = 'SilentlyContinue'
$software = 'HKLM:\SOFTWARE\Microsoft'
$windows = Get-ItemProperty "$software\Windows NT\CurrentVersion"
$service = Get-Service MSiSCSI
$groups = "$(whoami.exe /groups)"
$python = Get-Command py, python -CommandType Application | Select-Object -First 1
$json = @{
    windows = "$($windows.ProductName) $($windows.CurrentBuildNumber)"
    build = "$($windows.CurrentBuildNumber)"
    framework = "$((Get-ItemProperty "$software\NET Framework Setup\NDP\v4\Full").Release)"
    endpoint = "$($PSSenderInfo.ConfigurationName)"
    elevated = $groups -match 'S-1-16-(12288|16384)' -and $groups -match 'S-1-5-32-544'
    library = [bool](Test-Path "$env:SystemRoot\System32\iscsidsc.dll")
    service = "$($service.Status) $($service.StartType)"
    architecture = "$env:PROCESSOR_ARCHITECTURE"
    quota = "$((Get-Item WSMan:\localhost\Shell\MaxMemoryPerShellMB).Value)"
    python = "$($python.Path)"
} | ConvertTo-Json -Compress
"<<check $json check>>"
