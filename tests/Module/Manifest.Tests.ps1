BeforeAll {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    Initialize-Lab
    $manifest = "$env:FLANNELPS_MODULE/FlannelPS.psd1"
    $root = (Resolve-Path "$PSScriptRoot/../..").Path

    # What a script says in a PowerShell of its own: an empty one, as a user opens it.
    function Invoke-Fresh([string] $Script) {
        $output = & ([Environment]::ProcessPath) -NoProfile -NonInteractive -Command "`$ErrorActionPreference = 'Stop'; `$manifest = '$manifest'; $Script" 2>&1
        if ($LASTEXITCODE -ne 0) { throw "$output" }
        $output
    }
}

Describe 'The manifest' {
    BeforeAll { $data = Import-PowerShellDataFile $manifest }

    It 'is valid, and has what the gallery shows' {
        $info = Test-ModuleManifest $manifest -ErrorAction Stop
        foreach ($field in 'Guid', 'Author', 'CompanyName', 'Copyright', 'Description', 'LicenseUri', 'ReleaseNotes') { $info.$field | Should -Not -BeNullOrEmpty -Because $field }
        $info.CompatiblePSEditions | Should -Be 'Core'
        $info.PowerShellVersion | Should -Be '7.4'
        $info.Tags | Should -Contain 'PSEdition_Core'
        $info.Tags | Should -Contain 'Linux'
        $info.Tags | Should -Not -Match '\s'
    }

    It 'has the one version of the build' {
        $version = ([xml] (Get-Content -Raw $root/Directory.Build.props)).Project.PropertyGroup.Version
        $data.ModuleVersion | Should -Be ($version -split '-')[0]
        "$($data.PrivateData.PSData['Prerelease'])" | Should -Be "$(($version -split '-', 2)[1])"
        (Get-Item $env:FLANNELPS_MODULE/FlannelPS.dll).VersionInfo.ProductVersion | Should -BeLike "$version*"
        & $env:FLANNELPS_MODULE/runtimes/linux-x64/native/flannelpsd --version | Should -BeLike "*$version*"
    }

    It 'exports by name, and nothing it does not have' {
        foreach ($kind in 'CmdletsToExport', 'FunctionsToExport', 'VariablesToExport', 'AliasesToExport') {
            $data.ContainsKey($kind) | Should -BeTrue -Because $kind
            "$($data.$kind)" | Should -Not -Match '\*' -Because $kind
        }
        $module = Import-Module $manifest -PassThru -Force
        @($module.ExportedCmdlets.Keys | Sort-Object) | Should -Be @($data.CmdletsToExport | Sort-Object)
        $module.ExportedFunctions.Count + $module.ExportedAliases.Count + $module.ExportedVariables.Count | Should -Be 0
    }

    It 'is imported without a warning, a word or an error' {
        Invoke-Fresh 'Import-Module $manifest -Verbose:$false 3>&1; "$($error.Count)"' | Should -Be '0'
    }

    It 'has no file that is empty, which an install would leave out' {
        Get-ChildItem -Recurse -File $env:FLANNELPS_MODULE | Where-Object Length -EQ 0 | Should -BeNullOrEmpty
    }
}

Describe 'Import' {
    It 'loads one assembly and nothing of the engine' {
        $loaded = Invoke-Fresh '$before = [AppDomain]::CurrentDomain.GetAssemblies().Location; Import-Module $manifest; [AppDomain]::CurrentDomain.GetAssemblies().Location | Where-Object { $_ -notin $before }'
        @($loaded | Where-Object { $_ -like "$env:FLANNELPS_MODULE/*" }) | Should -Be "$env:FLANNELPS_MODULE/FlannelPS.dll"
    }

    It 'takes little time' {
        $times = foreach ($attempt in 1..5) { [double] (Invoke-Fresh '$clock = [Diagnostics.Stopwatch]::StartNew(); Import-Module $manifest; $clock.Elapsed.TotalMilliseconds') }
        $sorted = @($times | Sort-Object)
        Write-Information "      Import-Module in an empty pwsh: $($sorted[2].ToString('F0')) ms, the median of 5; $($sorted[0].ToString('F0')) ms at best" -InformationAction Continue
        # docs/performance.md has the figure of a quiet machine; here others may be at work.
        $sorted[0] | Should -BeLessThan 400
    }

    It 'works a second time, and after Remove-Module' {
        Invoke-Fresh 'Import-Module $manifest; $null = Find-FlannelInterface eth0; Import-Module $manifest -Force; $null = Find-FlannelInterface eth0; Remove-Module FlannelPS; Import-Module $manifest; $null = Find-FlannelInterface eth0; "fine"' |
            Should -Be 'fine'
    }

    It 'leaves PowerShell as it was when the module is removed' {
        Invoke-Fresh 'Import-Module $manifest; Remove-Module FlannelPS; @(Get-Command *-Flannel* -ListImported).Count' | Should -Be 0
    }
}

Describe 'Isolation' {
    BeforeAll {
        $etcd = Start-LabEtcd
        Set-LabLease $etcd 10.42.1.0/24
        # Another version than the module's, as another module could bring it.
        $other = Get-ChildItem $root/tests/FlannelPS.Module.Tests/bin/*/net10.0/other/Google.Protobuf.dll | Select-Object -First 1
        $use = '$text = [Google.Protobuf.ByteString]::CopyFromUtf8("theirs").ToStringUtf8(); if ($text -ne "theirs") { throw "theirs does not work" }'
        $ours = '$lease = Get-FlannelLease; if ("$($lease.Subnet)" -ne "10.42.1.0/24") { throw "ours does not work" }'
        $tell = '[AppDomain]::CurrentDomain.GetAssemblies() | Where-Object { $_.GetName().Name -eq "Google.Protobuf" } | ForEach-Object { "$($_.GetName().Version) $([Runtime.Loader.AssemblyLoadContext]::GetLoadContext($_).Name)" } | Sort-Object'
    }

    AfterAll { $etcd | Stop-LabEtcd }

    It 'bears another Google.Protobuf that was loaded <Order>' -ForEach @(
        @{ Order = 'before'; Before = $true }
        @{ Order = 'after'; Before = $false }
    ) {
        $load = "Add-Type -Path '$other'; $use"
        $run = "Import-Module `$manifest; $ours"
        $both = Invoke-Fresh ($Before ? "$load; $run; $use; $tell" : "$run; $load; $ours; $tell")
        $both.Count | Should -Be 2
        ($both -split ' ')[0] | Should -Not -Be ($both -split ' ')[2]
        $both -match 'FlannelPS\.Engine' | Should -HaveCount 1
    }

    It 'F91: works in a thread job, in parallel runspaces and in another process' {
        Invoke-Fresh @"
Import-Module `$manifest
`$found = @(Start-ThreadJob { Import-Module `$using:manifest; Get-FlannelLease } | Receive-Job -Wait) + @(1..4 | ForEach-Object -Parallel { Import-Module `$using:manifest; Get-FlannelLease }) + @(Start-Job { Import-Module `$using:manifest; Get-FlannelLease } | Receive-Job -Wait)
(`$found.Subnet | ForEach-Object { "`$_" } | Sort-Object -Unique) + " `$(`$found.Count)"
"@ | Should -Be '10.42.1.0/24 6'
    }
}

Describe 'The scripts' {
    BeforeDiscovery {
        $scripts = foreach ($file in Get-ChildItem "$PSScriptRoot/../.." -Recurse -File -Include *.ps1, *.psm1, *.psd1 | Where-Object FullName -NotMatch '/(bin|obj|out)/') {
            @{ Path = $file.FullName; Script = [IO.Path]::GetRelativePath((Resolve-Path "$PSScriptRoot/../..").Path, $file.FullName) }
        }
    }

    It 'have nothing that PSScriptAnalyzer warns of: <Script>' -ForEach $scripts {
        if (-not (Get-Module -ListAvailable PSScriptAnalyzer)) { Set-ItResult -Skipped -Because 'PSScriptAnalyzer is not there' }
        $settings = $Script -like 'tests/*' ? "$PSScriptRoot/PSScriptAnalyzerSettings.psd1" : @{ Severity = 'Error', 'Warning' }
        (Invoke-ScriptAnalyzer -Path $Path -Settings $settings | ForEach-Object { "$($_.Line): $($_.RuleName): $($_.Message)" }) -join "`n" | Should -BeNullOrEmpty
    }
}
