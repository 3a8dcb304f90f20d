BeforeDiscovery {
    # Another version of what the engine brings: restored beside ours for this test (tests/FlannelPS.Engine.Tests.csproj, PackageDownload).
    $cache = $env:NUGET_PACKAGES ?? (Join-Path ([Environment]::GetFolderPath('UserProfile')) '.nuget/packages')
    $ours = [Reflection.AssemblyName]::GetAssemblyName((Join-Path $env:FLANNELPS_MODULE 'Dependencies/Google.Protobuf.dll')).Version
    $otherProtobuf = Get-ChildItem "$cache/google.protobuf/*/lib/netstandard2.0/Google.Protobuf.dll", "$cache/google.protobuf/*/lib/net5.0/Google.Protobuf.dll" -ErrorAction Ignore |
        Where-Object { [Reflection.AssemblyName]::GetAssemblyName($_.FullName).Version -ne $ours } | Select-Object -First 1 -ExpandProperty FullName
}

BeforeAll {
    Import-Module $PSScriptRoot/Lab.psm1, $PSScriptRoot/Tls.psm1 -Force
    Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1 -Force
    $secret = 'hunter2-never-shown'

    function New-User([string] $Name, [string] $Password = $secret) { [pscredential]::new($Name, (ConvertTo-SecureString $Password -AsPlainText -Force)) }

    # Everything a command says, on all streams, and its error's every corner.
    function Get-AllText([scriptblock] $Command) {
        $before = $VerbosePreference, $DebugPreference
        $VerbosePreference = $DebugPreference = 'Continue'
        try { $said = & $Command *>&1 }
        catch {
            $said = @($_, $_.Exception.ToString(), $_.TargetObject, $_.ErrorDetails.RecommendedAction, $_.InvocationInfo.Line.Replace($secret, ''))
            for ($inner = $_.Exception; $inner; $inner = $inner.InnerException) { $said += $inner.Message; $said += $inner.Data.Values }
        }
        finally { $VerbosePreference, $DebugPreference = $before }
        ($said | ForEach-Object { $_; $_ | Format-List * -Force | Out-String }) -join "`n"
    }
}

AfterAll { Remove-Module FlannelPS, Tls }

Describe 'Stores in plain http' {
    BeforeAll { $etcd = Start-LabEtcd; $second = Start-LabEtcd -Port 2479 }
    AfterAll { $etcd, $second | Stop-LabEtcd }
    AfterEach {
        Disconnect-FlannelStore *
        Get-ChildItem env:FLANNELD_* | Remove-Item
    }

    Context 'Connect-FlannelStore' {
        It 'opens the default store, and gives it' {
            $store = Connect-FlannelStore
            $store | Should -BeOfType FlannelPS.FlannelStore
            $store.Name | Should -Be 'default'
            $store.Prefix | Should -Be '/coreos.com/network'
            $store.Kind | Should -Be 'Etcd'
            $store.IsDefault | Should -BeTrue
            $store.Endpoint.OriginalString | Should -Be 'http://127.0.0.1:4001', 'http://127.0.0.1:2379'
        }

        It 'replaces an open store of the same name' {
            $first = Connect-FlannelStore -Name a -Endpoint $etcd.Endpoint
            $null = Connect-FlannelStore -Name A -Endpoint $second.Endpoint
            @(Get-FlannelStore).Endpoint.OriginalString | Should -Be $second.Endpoint
            $null = Get-FailureOf { Get-FlannelLease -Store $first } StoreNotConnected
        }

        It 'does not open, nor remember, a store that does not answer' {
            $null = Get-FailureOf { Connect-FlannelStore -Endpoint http://127.0.0.1:9 } StoreUnreachable
            @(Get-FlannelStore).Count | Should -Be 0
        }

        It 'takes a list with commas, as flannel does, and an endpoint without a scheme' {
            (Connect-FlannelStore -Endpoint 'http://127.0.0.1:9,http://127.0.0.1:2379').Endpoint.OriginalString | Should -Be 'http://127.0.0.1:9', 'http://127.0.0.1:2379'
            (Connect-FlannelStore -Endpoint 127.0.0.1:2379).Endpoint.OriginalString | Should -Be '127.0.0.1:2379'
        }

        It 'refuses <Case>' -ForEach @(
            @{ Case = 'an endpoint that is none'; Parameters = @{ Endpoint = 'ftp://127.0.0.1' } }
            @{ Case = 'an endpoint with a path'; Parameters = @{ Endpoint = 'http://127.0.0.1:2379/v3' } }
            @{ Case = 'an endpoint with a user'; Parameters = @{ Endpoint = 'http://root:pw@127.0.0.1:2379' } }
            @{ Case = 'a Unix socket'; Parameters = @{ Endpoint = 'unix:///run/etcd.sock' } }
            @{ Case = 'a certificate for plain text'; Parameters = @{ Endpoint = 'http://127.0.0.1:2379'; CACertificatePath = 'ca.pem' } }
            @{ Case = 'skipping a check that plain text has not'; Parameters = @{ Endpoint = 'http://127.0.0.1:2379'; SkipCertificateCheck = $true } }
            @{ Case = 'a certificate file that is not there'; Parameters = @{ Endpoint = 'https://127.0.0.1:2379'; CACertificatePath = '/nowhere/ca.pem' } }
            @{ Case = 'a key without its certificate'; Parameters = @{ Endpoint = 'https://127.0.0.1:2379'; KeyPath = 'key.pem' } }
            @{ Case = 'a prefix that names no place'; Parameters = @{ Prefix = '/' } }
            @{ Case = 'a local store beside etcd'; Parameters = @{ Endpoint = 'local:/tmp/x', 'http://127.0.0.1:2379' } }
        ) {
            $null = Get-FailureOf { Connect-FlannelStore @Parameters } StoreOptionInvalid
            @(Get-FlannelStore).Count | Should -Be 0
        }

        It 'refuses -Store, which is open already' {
            $store = Connect-FlannelStore
            $null = Get-FailureOf { Connect-FlannelStore -Store $store } ParameterConflict
        }

        It 'refuses a prefix without a place in every cmdlet' {
            $null = Get-FailureOf { Get-FlannelLease -Prefix // } StoreOptionInvalid
        }
    }

    Context 'Get-FlannelStore and Disconnect-FlannelStore' {
        BeforeEach {
            $a = Connect-FlannelStore alpha -Endpoint $etcd.Endpoint
            $b = Connect-FlannelStore beta -Endpoint $second.Endpoint
        }

        It 'lists what is open, by name or pattern' {
            (Get-FlannelStore).Name | Should -Be 'alpha', 'beta'
            (Get-FlannelStore AL*).Name | Should -Be 'alpha'
            (Get-FlannelStore | Where-Object IsDefault).Name | Should -Be 'beta'
            @(Get-FlannelStore x*).Count | Should -Be 0
        }

        It 'says of a name that none has that there is no such store' {
            $null = Get-FailureOf { Get-FlannelStore gamma -ErrorAction Stop } StoreNotConnected
            $null = Get-FailureOf { Disconnect-FlannelStore gamma -ErrorAction Stop } StoreNotConnected
        }

        It 'closes the default store, and the one opened before becomes the default' {
            Disconnect-FlannelStore
            (Get-FlannelStore).Name | Should -Be 'alpha'
            $a.IsDefault | Should -BeTrue
        }

        It 'closes a store twice without a word' {
            Disconnect-FlannelStore -Store $b
            Disconnect-FlannelStore -Store $b -ErrorAction Stop
            Disconnect-FlannelStore
            Disconnect-FlannelStore -ErrorAction Stop
            @(Get-FlannelStore).Count | Should -Be 0
        }

        It 'closes what comes through the pipeline' {
            Get-FlannelStore | Disconnect-FlannelStore
            @(Get-FlannelStore).Count | Should -Be 0
        }

        It 'closes nothing with -WhatIf' {
            Disconnect-FlannelStore * -WhatIf
            (Get-FlannelStore).Count | Should -Be 2
            @(Get-FlannelLease -Store $a).Count | Should -Be 0
        }

        It 'completes names' {
            $line = 'Disconnect-FlannelStore be'
            (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Be 'beta'
        }

        It 'does not list a store that another runspace closed' {
            $null = 1 | ForEach-Object -Parallel { Import-Module $using:env:FLANNELPS_MODULE/FlannelPS.psd1; Disconnect-FlannelStore -Store $using:b }
            (Get-FlannelStore).Name | Should -Be 'alpha'
            @(Get-FlannelLease -ErrorAction Stop).Count | Should -Be 0
        }
    }

    Context 'which store is meant' {
        BeforeAll {
            Set-LabLease $etcd 10.1.1.0/24
            Set-LabLease $second 10.2.2.0/24
            Set-LabLease $second 10.3.3.0/24 -Prefix /other
        }

        It 'takes flannel''s defaults where nothing is said' {
            "$((Get-FlannelLease).Subnet)" | Should -Be '10.1.1.0/24'
        }

        It 'takes FLANNELD_ETCD_ variables before the defaults' {
            $env:FLANNELD_ETCD_ENDPOINTS = "http://127.0.0.1:9, $($second.Endpoint)"
            "$((Get-FlannelLease).Subnet)" | Should -Be '10.2.2.0/24'
            $env:FLANNELD_ETCD_PREFIX = '/other/'
            "$((Get-FlannelLease).Subnet)" | Should -Be '10.3.3.0/24'
        }

        It 'takes the connected store before the variables' {
            $env:FLANNELD_ETCD_ENDPOINTS = 'http://127.0.0.1:9'
            $env:FLANNELD_ETCD_PREFIX = '/nothing'
            $null = Connect-FlannelStore -Endpoint $second.Endpoint -Prefix /other//
            (Get-FlannelStore).Prefix | Should -Be '/other'
            "$((Get-FlannelLease).Subnet)" | Should -Be '10.3.3.0/24'
        }

        It 'takes -Store before the connected one' {
            $a = Connect-FlannelStore a -Endpoint $etcd.Endpoint
            $null = Connect-FlannelStore b -Endpoint $second.Endpoint
            "$((Get-FlannelLease).Subnet)" | Should -Be '10.2.2.0/24'
            "$((Get-FlannelLease -Store $a).Subnet)" | Should -Be '10.1.1.0/24'
        }

        It 'takes parameters before all of them' {
            $b = Connect-FlannelStore b -Endpoint $second.Endpoint
            "$((Get-FlannelLease -Endpoint $etcd.Endpoint).Subnet)" | Should -Be '10.1.1.0/24'
            "$((Get-FlannelLease -Store $b -Prefix /other).Subnet)" | Should -Be '10.3.3.0/24'
            "$((Get-FlannelLease -Prefix /other).Subnet)" | Should -Be '10.3.3.0/24'
        }

        It 'refuses -Store beside -Endpoint, whatever the cmdlet' {
            $b = Connect-FlannelStore b -Endpoint $second.Endpoint
            $null = Get-FailureOf { Get-FlannelLease -Store $b -Endpoint $etcd.Endpoint } ParameterConflict
            $null = Get-FailureOf { Test-FlannelStore -Store $b -Endpoint $etcd.Endpoint } ParameterConflict
        }

        It 'does not use a store that was disconnected' {
            $b = Connect-FlannelStore b -Endpoint $second.Endpoint
            Disconnect-FlannelStore
            $null = Get-FailureOf { Get-FlannelLease -Store $b } StoreNotConnected
            "$((Get-FlannelLease).Subnet)" | Should -Be '10.1.1.0/24'
        }
    }

    Context 'Test-FlannelStore' {
        It 'is true where an endpoint serves, and names the others with -Verbose' {
            Test-FlannelStore | Should -BeTrue
            $said = Test-FlannelStore -Endpoint http://127.0.0.1:9, $etcd.Endpoint -Verbose 4>&1
            $said[-1] | Should -BeTrue
            "$($said[0])" | Should -Match '127\.0\.0\.1:9'
        }

        It 'is false, and no error, where none does' {
            Test-FlannelStore -Endpoint http://127.0.0.1:9 -ErrorAction Stop | Should -BeFalse
        }

        It 'gives one object an endpoint with -Detailed' {
            $rows = Test-FlannelStore -Endpoint http://127.0.0.1:9, $etcd.Endpoint -Detailed
            $rows.Healthy | Should -Be $false, $true
            $rows[0].Problem | Should -Match refused
            $rows[1].IsLeader | Should -BeTrue
            $rows[1].Version | Should -Match '^3\.'
        }
    }

    It 'says of plain text that the server wants TLS, and the other way round' {
        $failure = Get-FailureOf { Get-FlannelLease -Endpoint https://127.0.0.1:2379 -SkipCertificateCheck } StoreTlsFailed
        $failure.CategoryInfo.Category | Should -Be 'SecurityError'
    }
}

Describe 'A store that hangs' {
    # The kernel accepts, and nobody ever answers.
    BeforeAll {
        $listener = [Net.Sockets.TcpListener]::new([ipaddress]::Loopback, 0)
        $listener.Start()
        $silent = "http://127.0.0.1:$($listener.LocalEndpoint.Port)"
    }
    AfterAll { $listener.Stop() }

    It 'ends within -TimeoutSeconds: <Name>' -ForEach @(
        @{ Name = 'Connect-FlannelStore'; Command = { Connect-FlannelStore -Endpoint $silent -TimeoutSeconds 1 } }
        @{ Name = 'Get-FlannelLease'; Command = { Get-FlannelLease -Endpoint $silent -TimeoutSeconds 1 } }
        @{ Name = 'Get-FlannelNetworkConfig, two endpoints'; Command = { Get-FlannelNetworkConfig -Endpoint $silent, $silent -TimeoutSeconds 1 } }
        @{ Name = 'with a user'; Command = { Get-FlannelLease -Endpoint $silent -TimeoutSeconds 1 -Credential (New-User u) } }
        @{ Name = 'with TLS'; Command = { Get-FlannelLease -Endpoint ($silent -replace 'http', 'https') -TimeoutSeconds 1 -SkipCertificateCheck } }
    ) {
        $watch = [Diagnostics.Stopwatch]::StartNew()
        $failure = $null
        try { & $Command } catch { $failure = $_ }
        $watch.Elapsed.TotalSeconds | Should -BeLessThan 2.5
        $failure.FullyQualifiedErrorId | Should -Match '^(StoreUnreachable|StoreTlsFailed),'
    }

    It 'a silent endpoint does not use up the time of one that serves' {
        $etcd = Start-LabEtcd -Port 2679
        # Half of the time is a busy machine's too.
        try { @(Get-FlannelLease -Endpoint $silent, $etcd.Endpoint -TimeoutSeconds 6 -ErrorAction Stop).Count | Should -Be 0 }
        finally { $etcd | Stop-LabEtcd }
    }

    It 'Test-FlannelStore is false within -TimeoutSeconds' {
        $watch = [Diagnostics.Stopwatch]::StartNew()
        Test-FlannelStore -Endpoint $silent -TimeoutSeconds 1 | Should -BeFalse
        $watch.Elapsed.TotalSeconds | Should -BeLessThan 2.5
    }

    It 'ends at once by Ctrl+C: <_>' -ForEach 'Connect-FlannelStore', 'Test-FlannelStore', 'Get-FlannelNetworkConfig' {
        $shell = [powershell]::Create()
        $null = $shell.AddScript("Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1; $_ -Endpoint $silent -TimeoutSeconds 60")
        $running = $shell.BeginInvoke()
        Start-Sleep -Milliseconds 700
        $running.IsCompleted | Should -BeFalse
        $watch = [Diagnostics.Stopwatch]::StartNew()
        $shell.EndStop($shell.BeginStop($null, $null))
        $watch.Elapsed.TotalSeconds | Should -BeLessThan 1
        $shell.Dispose()
    }

    It 'a connected store that falls silent counts by the cmdlet''s own -TimeoutSeconds' {
        $etcd = Start-LabEtcd -Port 2579
        try {
            $null = Connect-FlannelStore -Endpoint $etcd.Endpoint -TimeoutSeconds 60
            $null = kill -STOP $etcd.Process.Id
            $watch = [Diagnostics.Stopwatch]::StartNew()
            $null = Get-FailureOf { Get-FlannelLease -TimeoutSeconds 1 } StoreUnreachable
            $watch.Elapsed.TotalSeconds | Should -BeLessThan 2.5
        }
        finally {
            Disconnect-FlannelStore
            $etcd | Stop-LabEtcd
        }
    }
}

Describe 'A store without a leader' {
    It 'says so, and Test-FlannelStore is false' {
        $cluster = '--initial-cluster', 'e2379=http://127.0.0.1:12379,e2479=http://127.0.0.1:12479', '--heartbeat-interval', '20', '--election-timeout', '200'
        $one = Start-LabEtcd -Port 2379 -Option $cluster -NoWait
        $two = Start-LabEtcd -Port 2479 -Option $cluster
        try {
            Wait-Until { Test-FlannelStore -Endpoint $one.Endpoint -TimeoutSeconds 1 }
            $null = Connect-FlannelStore -Endpoint $one.Endpoint
            $two.Process.Kill()
            Wait-Until { (Test-FlannelStore -Detailed).Problem -match 'no leader' }
            $failure = Get-FailureOf { Get-FlannelLease } StoreNoLeader
            $failure.CategoryInfo.Category | Should -Be 'ResourceUnavailable'
            Test-FlannelStore | Should -BeFalse
        }
        finally {
            Disconnect-FlannelStore *
            $one, $two | Stop-LabEtcd
        }
    }
}

Describe 'Stores over TLS' {
    BeforeAll {
        $pki = (New-Item -ItemType Directory (Join-Path $TestDrive pki)).FullName
        New-LabCertificate $pki
        $etcd = Start-LabEtcd -Scheme https -Option '--cert-file', "$pki/server.pem", '--key-file', "$pki/server-key.pem"
        $mutual = Start-LabEtcd -Port 2479 -Scheme https -Option '--cert-file', "$pki/server.pem", '--key-file', "$pki/server-key.pem", '--client-cert-auth', '--trusted-ca-file', "$pki/ca.pem"
        $misnamed = Start-LabEtcd -Port 2579 -Scheme https -Option '--cert-file', "$pki/elsewhere.pem", '--key-file', "$pki/elsewhere-key.pem"
    }
    AfterAll { $etcd, $mutual, $misnamed | Stop-LabEtcd }
    AfterEach {
        Disconnect-FlannelStore *
        Get-ChildItem env:FLANNELD_* | Remove-Item
    }

    It 'the authority alone serves (F13)' {
        (Connect-FlannelStore -Endpoint $etcd.Endpoint -CACertificatePath $pki/ca.pem).Kind | Should -Be 'Etcd'
        @(Get-FlannelLease).Count | Should -Be 0
    }

    It 'the authority''s path is the session''s, not the process''s' {
        Push-Location $pki
        try { Test-FlannelStore -Endpoint $etcd.Endpoint -CACertificatePath ./ca.pem | Should -BeTrue } finally { Pop-Location }
    }

    It 'the authority comes from the environment where no endpoint is named' {
        $env:FLANNELD_ETCD_ENDPOINTS = $etcd.Endpoint
        $env:FLANNELD_ETCD_CAFILE = "$pki/ca.pem"
        Test-FlannelStore | Should -BeTrue
    }

    It 'another authority is not believed, and the message says whose certificate it is (F13)' {
        $failure = Get-FailureOf { Connect-FlannelStore -Endpoint $etcd.Endpoint -CACertificatePath $pki/other-ca.pem } StoreTlsFailed
        $failure.Exception.Message | Should -Match 'CN=server.*is not signed by'
        $null = Get-FailureOf { Connect-FlannelStore -Endpoint $etcd.Endpoint } StoreTlsFailed
        @(Get-FlannelStore).Count | Should -Be 0
    }

    It 'another name is not believed (F13)' {
        (Get-FailureOf { Connect-FlannelStore -Endpoint $misnamed.Endpoint -CACertificatePath $pki/ca.pem } StoreTlsFailed).Exception.Message | Should -Match 'is not for 127\.0\.0\.1'
    }

    It 'SkipCertificateCheck takes any certificate' {
        Test-FlannelStore -Endpoint $etcd.Endpoint -SkipCertificateCheck | Should -BeTrue
        Test-FlannelStore -Endpoint $misnamed.Endpoint -CACertificatePath $pki/other-ca.pem -SkipCertificateCheck | Should -BeTrue
    }

    It 'a client certificate is shown where it is demanded (F13)' {
        (Connect-FlannelStore -Endpoint $mutual.Endpoint -CACertificatePath $pki/ca.pem -CertificatePath $pki/client.pem -KeyPath $pki/client-key.pem).IsDefault | Should -BeTrue
        @(Get-FlannelLease).Count | Should -Be 0
        (Get-FailureOf { Get-FlannelLease -Endpoint $mutual.Endpoint -CACertificatePath $pki/ca.pem } StoreTlsFailed).Exception.Message | Should -Match 'client certificate'
        $null = Get-FailureOf { Get-FlannelLease -Endpoint $mutual.Endpoint -CACertificatePath $pki/ca.pem -CertificatePath $pki/other-ca.pem -KeyPath $pki/other-ca-key.pem } StoreTlsFailed
    }

    It 'a certificate beside the connected store is shown to that store' {
        $null = Connect-FlannelStore -Endpoint $etcd.Endpoint -CACertificatePath $pki/ca.pem
        Test-FlannelStore -CACertificatePath $pki/other-ca.pem | Should -BeFalse
        Test-FlannelStore | Should -BeTrue
        Test-FlannelStore -CertificatePath $pki/client.pem -KeyPath $pki/client-key.pem | Should -BeTrue
    }

    It 'plain http to an https port is told' {
        $failure = Get-FailureOf { Get-FlannelLease -Endpoint ($etcd.Endpoint -replace 'https', 'http') } StoreUnreachable
        $failure.Exception.Message | Should -Match 'https'
    }

    It 'a certificate that is no PEM, and a key that does not fit, are refused' {
        $null = Get-FailureOf { Connect-FlannelStore -Endpoint $etcd.Endpoint -CACertificatePath $pki/ca-key.pem } StoreOptionInvalid
        $null = Get-FailureOf { Connect-FlannelStore -Endpoint $etcd.Endpoint -CACertificatePath $pki/ca.pem -CertificatePath $pki/client.pem -KeyPath $pki/ca-key.pem } StoreOptionInvalid
    }
}

Describe 'Stores with authentication' {
    BeforeAll {
        $etcd = Start-LabEtcd -Option '--bcrypt-cost', '4'
        Set-LabLease $etcd 10.42.1.0/24
        foreach ($command in @(
                , ('user', 'add', "root:$secret"), ('user', 'add', "writer:$secret"), ('user', 'add', "reader:$secret"), ('user', 'add', "stranger:$secret")
                ('role', 'add', 'root'), ('role', 'add', 'write'), ('role', 'add', 'read'), ('user', 'grant-role', 'root', 'root')
                ('role', 'grant-permission', '--prefix=true', 'write', 'readwrite', '/coreos.com/network/'), ('user', 'grant-role', 'writer', 'write')
                ('role', 'grant-permission', '--prefix=true', 'read', 'read', '/coreos.com/network/'), ('user', 'grant-role', 'reader', 'read'), ('auth', 'enable'))) {
            $null = Invoke-Etcdctl $etcd @command
        }
    }
    AfterAll { $etcd | Stop-LabEtcd }
    AfterEach {
        Disconnect-FlannelStore *
        Get-ChildItem env:FLANNELD_* | Remove-Item
    }

    It 'the right user reads and writes (F14)' {
        $store = Connect-FlannelStore -Credential (New-User writer)
        $store.UserName | Should -Be 'writer'
        "$((Get-FlannelLease).Subnet)" | Should -Be '10.42.1.0/24'
        Set-FlannelNetworkConfig -Network 10.42.0.0/16
        "$((Get-FlannelNetworkConfig).Network)" | Should -Be '10.42.0.0/16'
    }

    It 'a wrong password, no user, and a user nobody knows are refused' {
        $failure = Get-FailureOf { Connect-FlannelStore -Credential (New-User writer wrong) } StoreAuthenticationFailed
        $failure.CategoryInfo.Category | Should -Be 'AuthenticationError'
        $null = Get-FailureOf { Connect-FlannelStore -Credential (New-User nobody) } StoreAuthenticationFailed
        $null = Get-FailureOf { Connect-FlannelStore } StoreAuthenticationFailed
        @(Get-FlannelStore).Count | Should -Be 0
    }

    It 'who may read only is told at the first write, and nothing is written' {
        $null = Connect-FlannelStore -Credential (New-User reader)
        @(Get-FlannelLease).Count | Should -Be 1
        $failure = Get-FailureOf { Set-FlannelNetworkConfig -Network 10.43.0.0/16 -Force } StorePermissionDenied
        $failure.CategoryInfo.Category | Should -Be 'PermissionDenied'
        "$((Get-FlannelNetworkConfig).Network)" | Should -Be '10.42.0.0/16'
    }

    It 'who may not even read is told on connecting' {
        $null = Get-FailureOf { Connect-FlannelStore -Credential (New-User stranger) } StorePermissionDenied
    }

    It 'Test-FlannelStore is false for a user that the store does not serve, and says why' {
        Test-FlannelStore -Credential (New-User reader) | Should -BeTrue
        Test-FlannelStore -Credential (New-User reader wrong) | Should -BeFalse
        $row = Test-FlannelStore -Endpoint $etcd.Endpoint -Credential (New-User stranger) -Detailed
        $row.Healthy | Should -BeFalse
        $row.Problem | Should -Match 'permission denied'
    }

    It 'another user beside the connected store asks that store' {
        $null = Connect-FlannelStore -Endpoint $etcd.Endpoint -Credential (New-User reader)
        $env:FLANNELD_ETCD_ENDPOINTS = 'http://127.0.0.1:9'
        @(Get-FlannelLease -Credential (New-User writer)).Count | Should -Be 1
        $null = Get-FailureOf { Get-FlannelLease -Credential (New-User writer wrong) } StoreAuthenticationFailed
    }

    It 'user and password come from the environment, and are not carried to an endpoint that is named' {
        $env:FLANNELD_ETCD_ENDPOINTS = $etcd.Endpoint
        $env:FLANNELD_ETCD_USERNAME = 'reader'
        $env:FLANNELD_ETCD_PASSWORD = $secret
        @(Get-FlannelLease).Count | Should -Be 1
        $null = Get-FailureOf { Get-FlannelLease -Endpoint $etcd.Endpoint } StoreAuthenticationFailed
    }

    It 'never shows a password: <Name>' -ForEach @(
        @{ Name = 'when it is right'; Command = { Connect-FlannelStore -Credential (New-User reader) -Verbose -Debug; Get-FlannelStore; Test-FlannelStore -Detailed -Verbose } }
        @{ Name = 'when the user is unknown'; Command = { Connect-FlannelStore -Credential (New-User nobody) -Verbose -Debug } }
        @{ Name = 'when a right is missing'; Command = { Connect-FlannelStore -Credential (New-User stranger) -Verbose -Debug } }
        @{ Name = 'when the store is away'; Command = { Connect-FlannelStore -Endpoint http://127.0.0.1:9 -Credential (New-User reader) -Verbose -Debug } }
        @{ Name = 'when it stands in the endpoint'; Command = { Connect-FlannelStore -Endpoint "http://root:$secret@127.0.0.1:2379" -Verbose -Debug } }
        @{ Name = 'when it stands in one of two endpoints'; Command = { Connect-FlannelStore -Endpoint http://127.0.0.1:9, "http://root:$secret@127.0.0.1:2379" } }
        @{ Name = 'when it stands in a socket''s address'; Command = { Connect-FlannelStore -Endpoint "unix://root:$secret@sock" } }
    ) {
        $text = Get-AllText $Command
        $text | Should -Not -BeNullOrEmpty
        $text | Should -Not -Match $secret
    }

    It 'a store handed to a job carries no password' {
        $store = Connect-FlannelStore -Credential (New-User reader)
        $xml = [Management.Automation.PSSerializer]::Serialize($store, 5)
        $xml | Should -Match 'reader'
        $xml | Should -Not -Match $secret
    }
}

Describe 'A local store' {
    It 'serves as etcd does, its folder relative to the session''s location' {
        Push-Location $TestDrive
        try {
            $store = Connect-FlannelStore -Endpoint local:./store
            $store.Kind | Should -Be 'Local'
            $store.Endpoint.OriginalString | Should -Be "local:$((Get-Item store).FullName)"
            Set-FlannelNetworkConfig -Network 10.42.0.0/16
            "$((Get-FlannelNetworkConfig -Endpoint local:store).Network)" | Should -Be '10.42.0.0/16'
            @(Get-FlannelLease).Count | Should -Be 0
            Test-FlannelStore | Should -BeTrue
            (Test-FlannelStore -Detailed).Healthy | Should -BeTrue
        }
        finally {
            Disconnect-FlannelStore *
            Pop-Location
        }
    }

    It 'has no TLS' {
        $null = Get-FailureOf { Connect-FlannelStore -Endpoint local:/tmp/x -SkipCertificateCheck } StoreOptionInvalid
        $null = Get-FailureOf { Connect-FlannelStore -Endpoint local:/tmp/x -CACertificatePath /tmp/ca.pem } StoreOptionInvalid
        $null = Get-FailureOf { Connect-FlannelStore -Endpoint local: } StoreOptionInvalid
    }
}

Describe 'Runspaces beside each other' {
    BeforeAll {
        $etcd = Start-LabEtcd
        $second = Start-LabEtcd -Port 2479
        foreach ($number in 1..3) { Set-LabLease $etcd 10.1.$number.0/24 }
        Set-LabLease $second 10.2.1.0/24
        $module = "$env:FLANNELPS_MODULE/FlannelPS.psd1"
    }
    AfterAll { $etcd, $second | Stop-LabEtcd }

    It 'each has its own default store: ForEach-Object -Parallel' {
        $counts = $etcd.Endpoint, $second.Endpoint | ForEach-Object -ThrottleLimit 2 -Parallel {
            Import-Module $using:module
            $null = Connect-FlannelStore -Endpoint $_
            foreach ($round in 1..20) { $count = @(Get-FlannelLease).Count; Start-Sleep -Milliseconds 5 }
            [pscustomobject]@{ Endpoint = $_; Count = $count; Open = @(Get-FlannelStore).Count }
            Disconnect-FlannelStore
        }
        ($counts | Sort-Object Endpoint | ForEach-Object Count) | Should -Be 3, 1
        $counts.Open | Should -Be 1, 1
        @(Get-FlannelStore).Count | Should -Be 0
    }

    It 'each has its own default store: Start-ThreadJob' {
        $null = Connect-FlannelStore -Endpoint $second.Endpoint
        $jobs = $etcd.Endpoint, $second.Endpoint | ForEach-Object {
            Start-ThreadJob -ArgumentList $_, $module { param($endpoint, $module) Import-Module $module; $null = Connect-FlannelStore -Endpoint $endpoint; @(Get-FlannelLease).Count }
        }
        $jobs | Receive-Job -Wait | Sort-Object | Should -Be 1, 3
        $jobs | Remove-Job
        @(Get-FlannelLease).Count | Should -Be 1
        Disconnect-FlannelStore
    }

    It 'one connection serves several runspaces at once' {
        $store = Connect-FlannelStore -Endpoint $etcd.Endpoint
        1..4 | ForEach-Object -ThrottleLimit 4 -Parallel { Import-Module $using:module; @(Get-FlannelLease -Store $using:store).Count } | Should -Be 3, 3, 3, 3
        Disconnect-FlannelStore
    }

    It 'Start-Job: parameters arrive, and results come back with their properties' {
        $job = Start-Job -ArgumentList $module, ([uri]$etcd.Endpoint), ([timespan]'01:10:00') {
            param($module, $endpoint, $within)
            Import-Module $module
            Get-FlannelLease -Endpoint $endpoint -ExpiresWithin $within -PublicIP ([ipaddress]'198.18.0.77')
            Connect-FlannelStore -Endpoint $endpoint
        }
        $result = $job | Receive-Job -Wait -AutoRemoveJob
        $result[0].PSObject.TypeNames[0] | Should -Be 'Deserialized.FlannelPS.FlannelLease'
        "$($result[0].Subnet)" | Should -Match '10\.1\.1\.0'
        $result[-1].Prefix | Should -Be '/coreos.com/network'
    }
}

Describe 'Another version of Google.Protobuf in the session' {
    BeforeAll {
        $etcd = Start-LabEtcd
        Set-LabLease $etcd 10.1.1.0/24
    }
    AfterAll { $etcd | Stop-LabEtcd }

    It 'both work, loaded <When>' -ForEach @(
        @{ When = 'before'; Other = $otherProtobuf; Order = 'other', 'ours' }
        @{ When = 'after'; Other = $otherProtobuf; Order = 'ours', 'other' }
    ) {
        if (-not $Other) { Set-ItResult -Skipped -Because 'no other version of Google.Protobuf is in the NuGet cache' ; return }
        $steps = @{
            other = "Add-Type -Path '$Other'; `$bytes = [Google.Protobuf.ByteString]::CopyFromUtf8('x'); if (`$bytes.Length -ne 1) { throw 'other' }"
            ours  = "Import-Module '$env:FLANNELPS_MODULE/FlannelPS.psd1'; `$lease = Get-FlannelLease"
        }
        $script = $steps[$Order[0]], $steps[$Order[1]], $steps[$Order[0]], @'
[AppDomain]::CurrentDomain.GetAssemblies() | Where-Object { $_.GetName().Name -eq 'Google.Protobuf' } | ForEach-Object { "$($_.GetName().Version) $([Runtime.Loader.AssemblyLoadContext]::GetLoadContext($_).Name)" }
"$($lease.Subnet)"
'@ -join "`n"
        $said = & ([Environment]::ProcessPath) -NoProfile -NonInteractive -Command $script
        $said[-1] | Should -Be '10.1.1.0/24'
        $said[0..1] | Sort-Object -Unique | Should -HaveCount 2
        $said -match 'FlannelPS\.Engine$' | Should -HaveCount 1
        $said -match 'Default$' | Should -HaveCount 1
    }
}
