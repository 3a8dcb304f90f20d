<#
.SYNOPSIS
The checks of FlannelPS as Pester tests: what has to be tried: packets to every other host, through the tunnel and beside it. Nothing is changed.
.DESCRIPTION
Each test is a check of Get-FlannelCheck and asserts on what Invoke-FlannelCheck found, so the results are the same with Pester and without it.
For Pester 5.5 and later, 6 too. Tags are the checks' own. See about_FlannelPS_Checks.
.EXAMPLE
Invoke-Pester -Container (New-PesterContainer -Path Checks/Comprehensive -Data @{ Parameter = @{ Endpoint = 'http://192.0.2.10:2379' } })
#>
[System.Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSReviewUnusedParameter', 'Parameter', Justification = 'It is used in a block of Pester.')]
[System.Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseDeclaredVarsMoreThanAssignments', '', Justification = 'Blocks of Pester hand variables on.')]
param(
    # Parameters of Invoke-FlannelCheck: the store, the nodes.
    [hashtable] $Parameter = @{}
)

BeforeDiscovery {
    if (-not (Get-Command Get-FlannelCheck -ErrorAction Ignore)) { Import-Module (Join-Path $PSScriptRoot '../../FlannelPS.psd1') }
    $categories = Get-FlannelCheck -Tag Comprehensive | Group-Object Category | ForEach-Object {
        @{ Category = $_.Name; Check = @($_.Group | ForEach-Object { @{ Name = $_.Name; Description = $_.Description } }) }
    }
}

BeforeAll {
    if (-not (Get-Command Invoke-FlannelCheck -ErrorAction Ignore)) { Import-Module (Join-Path $PSScriptRoot '../../FlannelPS.psd1') }
    $results = @(Invoke-FlannelCheck -Tag Comprehensive @Parameter) | Group-Object Name -AsHashTable -AsString
}

foreach ($group in $categories) {
    Describe $group.Category -Tag $group.Category, 'Comprehensive' {
        It '<Name>: <Description>' -ForEach $group.Check {
            $found = @($results[$Name])
            $bad = $found | Where-Object Status -EQ Fail
            if ($bad) { throw (($bad | ForEach-Object { "$($_.Node) $($_.Target): $($_.Evidence) Cause: $($_.Cause) Remedy: $($_.Remedy)".Trim() }) -join [Environment]::NewLine) }
            if (-not ($found | Where-Object Status -In Pass, Warn)) { Set-ItResult -Skipped -Because (($found.Message | Select-Object -Unique) -join ' ') }
            $found | Where-Object Status -EQ Warn | ForEach-Object { Write-Warning "$_ $($_.Remedy)" }
        }
    }
}
