#!/usr/bin/env pwsh
<#
.SYNOPSIS
Runs the module's Pester tests in a network, mount and process namespace of their own: what a test starts or leaves behind ends with the run.
.EXAMPLE
tests/Module/Run.ps1 -Path tests/Module/Lease.Tests.ps1
#>
[CmdletBinding()]
param(
    # Test files or folders; all by default.
    [string[]] $Path = $PSScriptRoot,
    # The packed module.
    [string] $Module = (Join-Path $PSScriptRoot '../../out/FlannelPS'),
    # Only tests of these names (wildcards).
    [string[]] $Name,
    # Where the counts go, as JSON.
    [string] $Result,
    # Each test by name, not only those that fail.
    [switch] $Detailed
)
$ErrorActionPreference = 'Stop'
# Folders of the module's own: empty at the start of each run, and gone at its end.
$folders = '/run/flannel', '/run/flannelps', '/run/netns', '/var/lib/flannelps', '/var/log/flannelps', '/etc/flannelps', '/etc/cni/net.d', '/usr/local/lib/flannelps'
$Module = (Resolve-Path $Module).Path
if (-not $env:FLANNELPS_LAB) {
    $env:FLANNELPS_LAB = '1'
    # Tests start further shells by this name. A .NET tool's process is dotnet: the program of its own is beside the assemblies.
    $env:PATH = "$PSHOME$([IO.Path]::PathSeparator)$env:PATH"
    $made = $folders | Where-Object { -not (Test-Path $_) } | ForEach-Object { New-Item -ItemType Directory -Force $_ }
    # Whoever removes a folder that is empty takes our mount on it away too, from whichever namespace (rmdir(2)): the system's tests do, who run beside.
    $kept = $folders -ne '/run/netns' | ForEach-Object { New-Item -Force "$_/.module-tests-$PID" }
    $total = [ordered]@{ Passed = 0; Failed = 0; Skipped = 0; Failures = @() }
    # Each file in namespaces of its own: what one leaves behind is nothing to the next.
    # As an argument of pwsh -File a list is one text.
    foreach ($file in Get-ChildItem ($Path -split ',') -Filter *.Tests.ps1 -Recurse | Sort-Object FullName) {
        $report = New-TemporaryFile
        $words = @("-Path '$file'", "-Module '$Module'", "-Result '$report'") + ($Detailed ? '-Detailed' : @()) + ($Name ? "-Name $(($Name | ForEach-Object { "'$_'" }) -join ',')" : @())
        # A shell is the namespace's first process: .NET as the first one reaps every child, also those that the engine waits for itself.
        & unshare --mount --net --pid --fork --kill-child --mount-proc --propagation private -- sh -c '"$@"; exit $?' sh (Join-Path $PSHOME pwsh) -NoProfile -NonInteractive -Command "& '$PSCommandPath' $words"
        $counts = Get-Content $report -Raw | ConvertFrom-Json
        Remove-Item $report
        if (-not $counts) { $counts = [pscustomobject]@{ Passed = 0; Failed = 1; Skipped = 0; Failures = @("$($file.Name) ended with exit code $LASTEXITCODE and left no report") } }
        foreach ($kind in 'Passed', 'Failed', 'Skipped') { $total[$kind] += $counts.$kind }
        $total.Failures += @($counts.Failures)
    }
    $kept | Remove-Item -Force -ErrorAction Ignore    # hidden files
    # What others put into one meanwhile is theirs, and Remove-Item would ask about it.
    $made | Where-Object { -not (Get-ChildItem -Force $_) } | Remove-Item -ErrorAction Ignore
    if ($total.Passed + $total.Failed + $total.Skipped -eq 0) { throw "No test was found in $Path." }
    if ($Result) { $total | ConvertTo-Json | Set-Content $Result }
    "Pester: $($total.Passed) passed, $($total.Failed) failed, $($total.Skipped) skipped."
    exit ($total.Failed -gt 0 ? 1 : 0)
}

foreach ($folder in $folders) {
    mount -t tmpfs -o mode=0755 tmpfs $folder
}
$env:FLANNELPS_MODULE = $Module
$env:LANG = 'en_US.UTF-8'
$env:NO_COLOR = '1'
# What the machine says about a store must not reach a test.
Get-ChildItem env:FLANNELD_* | Remove-Item

Import-Module Pester -MinimumVersion 5.5 -MaximumVersion 5.99
$configuration = New-PesterConfiguration
$configuration.Run.Path = $Path
$configuration.Run.PassThru = $true
$configuration.Output.Verbosity = $Detailed ? 'Detailed' : 'Normal'
$configuration.Output.RenderMode = 'Plaintext'
if ($Name) { $configuration.Filter.FullName = $Name }
$run = Invoke-Pester -Configuration $configuration
foreach ($test in $run.Tests | Where-Object Result -EQ 'Skipped') { "skipped $($test.ExpandedPath): $($test.ErrorRecord.Exception.Message | Select-Object -First 1)" }
if ($Result) {
    [ordered]@{
        Passed   = $run.PassedCount
        Failed   = $run.FailedCount + $run.FailedBlocksCount + $run.FailedContainersCount
        Skipped  = $run.SkippedCount
        Failures = @($run.Failed | ForEach-Object { $_.ExpandedPath }) + @($run.FailedBlocks | ForEach-Object { $_.ExpandedPath }) + @($run.FailedContainers | ForEach-Object { "$_" })
    } | ConvertTo-Json | Set-Content $Result
}
exit ($run.Result -eq 'Passed' ? 0 : 1)
