# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Answers queries for rows with this PowerShell. Each line of standard input is a line of queries. Each line of output is
# its answer, or "! " and the exception.

param([Parameter(Mandatory = $true)][string]$Module) # Rows.psm1
$ErrorActionPreference = 'Stop'

Import-Module -Name $Module
while ($null -ne ($line = [Console]::In.ReadLine())) {
    try {
        $answer = Read-Row $line
    }
    catch {
        $answer = '! ' + ($_.Exception.ToString() -replace '\r', '' -replace '\n', ' | ')
    }
    [Console]::Out.WriteLine($answer)
}
