# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Prints what check_connection.yml asks of the PowerShell that runs modules, as check_host.ps1 does of the host, and as
# short as that.

trap { continue }
$ErrorActionPreference = $ProgressPreference = 'SilentlyContinue'
$policies = 'HKLM:\SOFTWARE\Policies\Microsoft\Windows\PowerShell'
$mode = "$($ExecutionContext.SessionState.LanguageMode)"
$compiler = "not tried in $mode"
if ($mode -eq 'FullLanguage') {
    try {
        Add-Type 'public class WinstorageIscsiCheck { }' -ErrorAction Stop
        $compiler = 'works'
    }
    catch {
        $compiler = "$($_.Exception.Message)"
    }
}
$json = @{
    powershell = "$($PSVersionTable.PSVersion)"
    language_mode = $mode
    compiler = $compiler
    machine_policy = "$(Get-ExecutionPolicy MachinePolicy)"
    user_policy = "$(Get-ExecutionPolicy UserPolicy)"
    module_logging = "$((Get-ItemProperty "$policies\ModuleLogging").EnableModuleLogging)"
    script_block_logging = "$((Get-ItemProperty "$policies\ScriptBlockLogging").EnableScriptBlockLogging)"
    transcription = "$((Get-ItemProperty "$policies\Transcription").EnableTranscripting)"
} | ConvertTo-Json -Compress
"<<check $json check>>"
