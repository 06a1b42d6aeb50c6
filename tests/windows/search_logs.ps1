# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# What PowerShell's logs keep of a secret. With -Enable it switches on script-block, module and transcription logging on
# this disposable host. Without it, it searches events 4103, 4104 and 800 and the transcripts, prints where the batch
# was recorded, and fails if the secret was. It has not been run on Windows.
#
# The secret comes in a file. What is on a command line or in a script is logged, and would be found for that reason.

param(
    [Parameter(Mandatory = $true)][string]$Folder, # of the transcripts
    [switch]$Enable,
    [string]$SecretFile,
    [string]$BatchFile # with the text of the batch, if it is known
)
$ErrorActionPreference = 'Stop'

if ($Enable) {
    $null = New-Item -ItemType Directory -Force -Path $Folder
    foreach ($root in 'Windows\PowerShell', 'PowerShellCore') {
        $policy = "HKLM:\SOFTWARE\Policies\Microsoft\$root"
        $values = @{
            ScriptBlockLogging = @{ EnableScriptBlockLogging = 1 }
            ModuleLogging = @{ EnableModuleLogging = 1 }
            'ModuleLogging\ModuleNames' = @{ '*' = '*' }
            Transcription = @{ EnableTranscripting = 1; OutputDirectory = $Folder }
        }
        foreach ($key in $values.Keys) {
            if (-not (Test-Path -Path "$policy\$key")) { $null = New-Item -Force -Path "$policy\$key" }
            foreach ($name in $values[$key].Keys) {
                Set-ItemProperty -LiteralPath "$policy\$key" -Name $name -Value $values[$key][$name]
            }
        }
    }
    exit 0
}

$secret = [IO.File]::ReadAllText((Resolve-Path -LiteralPath $SecretFile).ProviderPath).Trim()
if (-not $secret) { throw "$SecretFile is empty" }
if ($secret -match '[^ -~]') { throw 'Logs may write other characters than those of ASCII in several ways; use none' }
# As it is, and as JSON has it: of Python and PowerShell 7, and of Windows PowerShell 5.1. No cmdlet is given the secret,
# since module logging would record that.
$json = $secret.Replace('\', '\\').Replace('"', '\"')
$forms = @(
    $secret
    $json
    $json.Replace('&', '\u0026').Replace("'", '\u0027').Replace('<', '\u003c').Replace('>', '\u003e')
)
function Test-Clear([string]$Text) {
    foreach ($read in $Text, [Net.WebUtility]::HtmlDecode($Text)) { # events are XML
        foreach ($form in $forms) { if ($read.Contains($form)) { return $true } }
    }
    return $false
}
$found = @(
    foreach ($log in 'Microsoft-Windows-PowerShell/Operational', 'PowerShellCore/Operational', 'Windows PowerShell') {
        Get-WinEvent -FilterHashtable @{ LogName = $log; Id = 4103, 4104, 800 } -ErrorAction SilentlyContinue |
            ForEach-Object { @{ Place = "$log, event $($_.Id)"; Text = $_.ToXml() } }
    }
    Get-ChildItem -Path $Folder -Recurse -File |
        ForEach-Object { @{ Place = "transcript $($_.Name)"; Text = Get-Content -LiteralPath $_.FullName -Raw } }
)
if (-not $found.Count) { throw 'Nothing was logged, so the search says nothing' }
"$($found.Count) events and transcripts"
if ($BatchFile) {
    $batch = [IO.File]::ReadAllText((Resolve-Path -LiteralPath $BatchFile).ProviderPath)
    foreach ($entry in $found) {
        $text = "$($entry.Text)" # large events come in parts
        for ($at = 0; $at + 60 -le $batch.Length; $at += 30) {
            if ($text.Contains($batch.Substring($at, 60))) { "the batch is in $($entry.Place)"; break }
        }
    }
}
$clear = @($found | Where-Object { Test-Clear $_.Text })
if ($clear.Count) { throw "The secret is in clear in: $(($clear.Place | Sort-Object -Unique) -join '; ')" }
'the secret is in clear nowhere'
exit 0
