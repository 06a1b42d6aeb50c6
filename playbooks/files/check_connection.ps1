# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Prints what check_connection.yml asks of a host, as JSON. It changes nothing, and also runs in Constrained Language
# Mode and in PowerShell 4. It must stay short: it is sent on a command line, without these lines.

$ErrorActionPreference = 'SilentlyContinue'
$ProgressPreference = 'SilentlyContinue'
$policies = 'HKLM:\SOFTWARE\Policies\Microsoft\Windows\PowerShell'
$windows = Get-ItemProperty -Path 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion'
$service = Get-Service -Name MSiSCSI
$python = Get-Command -Name py, python -CommandType Application | Select-Object -First 1
$mode = "$($ExecutionContext.SessionState.LanguageMode)"
$compiler = "not tried in $mode"
if ($mode -eq 'FullLanguage') {
    try {
        Add-Type -TypeDefinition 'public class WinstorageIscsiCheck { }' -ErrorAction Stop
        $compiler = 'works'
    }
    catch {
        $compiler = "$($_.Exception.Message)"
    }
}
@{
    windows = "$($windows.ProductName) $($windows.CurrentBuildNumber)"
    powershell = "$($PSVersionTable.PSVersion)"
    language_mode = $mode
    elevated = [bool]("$(whoami.exe /groups)" -match 'S-1-16-(12288|16384)')
    execution_policy = "$(Get-ExecutionPolicy -Scope MachinePolicy)"
    compiler = $compiler
    library = [bool](Test-Path -Path "$env:SystemRoot\System32\iscsidsc.dll")
    service = "$($service.Status) $($service.StartType)"
    architecture = "$env:PROCESSOR_ARCHITECTURE"
    endpoint = "$($PSSenderInfo.ConfigurationName)"
    module_logging = "$((Get-ItemProperty -Path "$policies\ModuleLogging").EnableModuleLogging)"
    script_block_logging = "$((Get-ItemProperty -Path "$policies\ScriptBlockLogging").EnableScriptBlockLogging)"
    transcription = "$((Get-ItemProperty -Path "$policies\Transcription").EnableTranscripting)"
    python = "$($python.Path)"
} | ConvertTo-Json -Compress
