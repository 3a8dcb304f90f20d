# The checks as a list, as results for pipelines, and as the Pester files that ship with the module.
BeforeDiscovery {
    # Each major version of Pester that is here; the newest of each.
    $versions = Get-Module -ListAvailable Pester |
        Where-Object Version -GE '5.5' | Sort-Object Version -Descending | Group-Object { $_.Version.Major } | ForEach-Object { @{ Version = "$($_.Group[0].Version)"; Path = $_.Group[0].Path } }
}

BeforeAll {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1 -Force
    $etcd = Start-LabEtcd
    Set-LabKey $etcd /coreos.com/network/config '{"Network":"10.42.0.0/16","Backend":{"Type":"vxlan"}}'
    $null = Start-FlannelNode

    # The shipped files in a session of their own; each test as name and result.
    function Invoke-Shipped([string] $Path, [string] $Kind) {
        $script = @"
Import-Module '$Path'
Import-Module '$env:FLANNELPS_MODULE/FlannelPS.psd1'
`$configuration = New-PesterConfiguration
`$configuration.Run.Container = New-PesterContainer -Path '$env:FLANNELPS_MODULE/Checks/$Kind' -Data @{ Parameter = @{ TimeoutSeconds = 2 } }
`$configuration.Run.PassThru = `$true
`$configuration.Output.Verbosity = 'None'
`$run = Invoke-Pester -Configuration `$configuration
"version `$((Get-Module Pester).Version) `$(`$run.FailedContainersCount + `$run.FailedBlocksCount)"
`$run.Tests | ForEach-Object { "`$(`$_.Data.Name) `$(`$_.Result) `$(`$_.ErrorRecord)" }
"@
        & ([Environment]::ProcessPath) -NoProfile -NonInteractive -Command $script 3>$null
    }
}

AfterAll {
    Stop-FlannelNode flannel
    Reset-FlannelNode flannel -Force
    $etcd | Stop-LabEtcd
}

Describe 'Get-FlannelCheck' {
    It 'lists the checks, chosen by <Case>' -ForEach @(
        @{ Case = 'name'; Parameters = @{ Name = 'forward*' }; Expected = 'Forwarding', 'ForwardRule' }
        @{ Case = 'category'; Parameters = @{ Category = 'files' }; Expected = 'SubnetFile', 'Place' }
        @{ Case = 'tag'; Parameters = @{ Tag = 'Comprehensive' }; Expected = 'PeerReach', 'PeerMtu' }
        @{ Case = 'two words'; Parameters = @{ Category = 'Tunnel'; Tag = 'Host' }; Expected = 'TunnelPort', 'Checksum' }
        @{ Case = 'what none has'; Parameters = @{ Tag = 'x*' }; Expected = @() }
    ) {
        @(Get-FlannelCheck @Parameters).Name | Should -Be $Expected
    }

    It 'says that there is no such check' {
        $null = Get-FailureOf { Get-FlannelCheck nosuch -ErrorAction Stop } CheckNotFound
        $null = Get-FailureOf { Invoke-FlannelCheck nosuch -ErrorAction Stop } CheckNotFound
    }

    It 'completes names, categories and tags' {
        foreach ($case in @(('Get-FlannelCheck Forwardi', 'Forwarding'), ('Invoke-FlannelCheck -Category Fire', 'Firewall'), ('Invoke-FlannelCheck -ExcludeTag Req', 'RequiresRoot'))) {
            (TabExpansion2 $case[0] $case[0].Length).CompletionMatches.CompletionText | Should -Contain $case[1]
        }
    }
}

Describe 'Invoke-FlannelCheck' {
    It 'runs what comes down the pipeline, and nothing else' {
        $results = Get-FlannelCheck Forwarding, Place | Invoke-FlannelCheck
        @($results.Name | Select-Object -Unique) | Should -Be 'Forwarding', 'Place'
        @(Invoke-FlannelCheck -Category Kernel -ExcludeTag Node).Name | Should -Be 'Privilege', 'TunnelSupport'
    }

    It 'gives what Test-FlannelNode and Test-FlannelHost give' {
        Set-LabSetting net.ipv4.ip_forward 0
        try {
            foreach ($result in (Invoke-FlannelCheck -Check Forwarding), (Test-FlannelNode -Detailed | Where-Object Name -EQ Forwarding), (Test-FlannelHost -Detailed | Where-Object Name -EQ Forwarding)) {
                "$($result.Status) $($result.Evidence) $($result.Cause) $($result.Remedy)" | Should -Match '^Fail net\.ipv4\.ip_forward is 0\. Nothing is forwarded .* sysctl -w net\.ipv4\.ip_forward=1'
                $result.Duration | Should -BeGreaterOrEqual ([timespan]::Zero)
            }
        }
        finally { Set-LabSetting net.ipv4.ip_forward 1 }
    }

    It 'writes a file that pipelines read: <Format>' -ForEach @(
        @{ Format = 'JUnitXml'; Case = 'testcase' }
        @{ Format = 'NUnitXml'; Case = 'test-case' }
    ) {
        $results = Invoke-FlannelCheck -Tag Simple -OutputFile $TestDrive/results.xml -OutputFormat $Format
        ([xml] (Get-Content -Raw $TestDrive/results.xml)).SelectNodes("//$Case").Count | Should -Be @($results).Count
    }

    It 'F93: writes none with -WhatIf' {
        $null = Invoke-FlannelCheck Forwarding -OutputFile $TestDrive/none.xml -WhatIf
        Test-Path $TestDrive/none.xml | Should -BeFalse
    }

    It 'says that a file cannot be written' {
        $null = New-Item -ItemType Directory $TestDrive/folder.xml
        $null = Get-FailureOf { Invoke-FlannelCheck Forwarding -OutputFile $TestDrive/folder.xml -ErrorAction Stop } FileUnsafe
    }

    It 'ends the session with the number of checks that failed' {
        $command = "Import-Module '$env:FLANNELPS_MODULE/FlannelPS.psd1'; `$null = Invoke-FlannelCheck Forwarding, Place -Exit"
        $null = & ([Environment]::ProcessPath) -NoProfile -NonInteractive -Command $command
        $LASTEXITCODE | Should -Be 0
        Set-LabSetting net.ipv4.ip_forward 0
        try {
            $null = & ([Environment]::ProcessPath) -NoProfile -NonInteractive -Command $command
            $LASTEXITCODE | Should -Be 1
        }
        finally { Set-LabSetting net.ipv4.ip_forward 1 }
    }

    It 'asks a store that needs a certificate only when it is named' {
        Stop-FlannelNode flannel
        $pki = New-LabCertificate "$TestDrive/pki"
        $secure = Start-LabEtcd -Port 2479 -Scheme https -Option '--cert-file', "$pki/server.pem", '--key-file', "$pki/server-key.pem"
        $null = Invoke-Etcdctl $secure "--cacert=$pki/ca.pem" put /coreos.com/network/config '{"Network":"10.42.0.0/16","Backend":{"Type":"vxlan"}}'
        try {
            $null = Start-FlannelNode -Endpoint $secure.Endpoint -CACertificatePath "$pki/ca.pem"
            $result = Invoke-FlannelCheck StoreContact
            $result.Status | Should -Be 'Skip'
            $result.Evidence | Should -Match 'Endpoint'
            (Invoke-FlannelCheck StoreContact -Endpoint $secure.Endpoint -CACertificatePath "$pki/ca.pem").Status | Should -Be 'Pass'
        }
        finally {
            Stop-FlannelNode flannel
            $secure | Stop-LabEtcd
            $null = Start-FlannelNode
        }
    }

    It 'says Skip, and why, to a user who may not look' {
        $script = "`$env:HOME = '/tmp'; Import-Module '$env:FLANNELPS_MODULE/FlannelPS.psd1'; Invoke-FlannelCheck -Name flannel | ForEach-Object { `"`$(`$_.Name) `$(`$_.Status) `$(`$_.Evidence)`" }"
        $lines = setpriv --reuid=65534 --regid=65534 --clear-groups ([Environment]::ProcessPath) -NoProfile -NonInteractive -Command $script
        $lines | Should -Not -BeNullOrEmpty
        $lines -match '^Privilege Fail' | Should -HaveCount 1
        $lines -match '^(ForwardRule|TunnelRule|PeerReach|Routes) Pass' | Should -BeNullOrEmpty
        $lines -match '^(ForwardRule|PeerReach) Skip .+' | Should -Not -BeNullOrEmpty
    }
}

Describe 'The shipped files in Pester <Version>' -ForEach $versions {
    It 'have a test for each check, with the same result as without Pester' {
        foreach ($kind in 'Simple', 'Comprehensive') {
            $lines = @(Invoke-Shipped $Path $kind)
            $lines[0] | Should -Be "version $Version 0"
            $expected = Invoke-FlannelCheck -Tag $kind | Group-Object Name | ForEach-Object { "$($_.Name) $($_.Group.Status -contains 'Fail' ? 'Failed' : $_.Group.Status -contains 'Pass' -or $_.Group.Status -contains 'Warn' ? 'Passed' : 'Skipped')" } | Sort-Object
            @($lines[1..999] | ForEach-Object { ($_ -split ' ')[0..1] -join ' ' } | Sort-Object) | Should -Be $expected
        }
    }

    It 'run beside a file of one''s own, as about_FlannelPS_Checks shows it' {
        $own = New-Item -ItemType Directory "$TestDrive/own $Version"
        $text = Get-Content "$env:FLANNELPS_MODULE/en-US/about_FlannelPS_Checks.help.txt"
        $from = [array]::IndexOf($text, '        BeforeAll { $node = Get-FlannelNode flannel }')
        $lines = $text[$from..([array]::IndexOf($text, '        }', $from))]
        Set-Content "$own/Site.Tests.ps1" $lines
        $script = "Import-Module '$Path'; `$configuration = New-PesterConfiguration; `$configuration.Run.Path = '$own', '$env:FLANNELPS_MODULE/Checks/Simple'; `$configuration.Run.PassThru = `$true; `$configuration.Output.Verbosity = 'None'; Import-Module '$env:FLANNELPS_MODULE/FlannelPS.psd1'; `$run = Invoke-Pester -Configuration `$configuration; `$run.FailedContainersCount; `$run.Tests | ForEach-Object { `"`$(`$_.Name) `$(`$_.Result)`" }"
        $seen = @(& ([Environment]::ProcessPath) -NoProfile -NonInteractive -Command $script 3>$null)
        $seen[0] | Should -Be '0'
        $seen | Should -Contain 'keeps the network that was agreed Passed'
        $seen | Should -Contain 'has room for ten more hosts Passed'
        $seen.Count | Should -BeGreaterThan 40 -Because 'the shipped ones ran too'
    }

    It 'fail with evidence, cause and remedy' {
        Set-LabSetting net.ipv4.ip_forward 0
        try {
            $failed = @(Invoke-Shipped $Path Simple) -match ' Failed '
            $failed | Should -HaveCount 1
            $failed[0] | Should -Match '^Forwarding Failed .*ip_forward is 0.*Cause: .*Remedy: sysctl'
        }
        finally { Set-LabSetting net.ipv4.ip_forward 1 }
    }
}
