# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Compiles the C# runner with this PowerShell and runs batches. Each line of standard input is a batch. Each line of
# output is its answer, or "! " and the whole exception. The same as tests/proof/conformance/Program.cs, in PowerShell.

param(
    [Parameter(Mandatory = $true)][string]$Source, # Iscsidsc.cs
    [string]$Folder  # folder of an iscsidsc.dll to use instead of that of Windows; the assembly is written there
)
$ErrorActionPreference = 'Stop'

$code = @{ TypeDefinition = [System.IO.File]::ReadAllText($Source); Language = 'CSharp' }
if ($Folder) {
    # The runner loads libraries from System32 only. This copy also looks beside its assembly, and there first.
    $code.TypeDefinition = $code.TypeDefinition.Replace('DllImportSearchPath.System32',
        'DllImportSearchPath.AssemblyDirectory | DllImportSearchPath.System32')
    $assembly = Join-Path -Path $Folder -ChildPath "runner-$PID.dll"
    Add-Type @code -OutputAssembly $assembly -OutputType Library
    Add-Type -Path $assembly
}
else {
    Add-Type @code
}
$runner = [ansible_collections.winstorage.iscsi.plugins.module_utils.Iscsidsc.CallRunner]
while ($null -ne ($line = [Console]::In.ReadLine())) {
    try {
        $answer = $runner::Run($line)
    }
    catch {
        $answer = '! ' + ($_.Exception.ToString() -replace '\r', '' -replace '\n', ' | ')
    }
    [Console]::Out.WriteLine($answer)
}
