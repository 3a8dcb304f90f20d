BeforeAll {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1 -Force
    $key = '/coreos.com/network/config'
    function Get-Stored { (Invoke-Etcdctl $etcd get $key --print-value-only) -join "`n" }
    function Get-StoredRevision { [long](((Invoke-Etcdctl $etcd get $key --write-out=json) | ConvertFrom-Json).kvs.mod_revision) }
    function Clear-Store { $null = Invoke-Etcdctl $etcd del --prefix /coreos.com }
}

AfterAll { Remove-Module FlannelPS }

Describe 'The configuration in the store' {
    BeforeAll { $etcd = Start-LabEtcd }
    AfterAll { $etcd | Stop-LabEtcd }
    BeforeEach { Clear-Store }

    Context 'Get-FlannelNetworkConfig' {
        It 'says that there is none' {
            $failure = Get-FailureOf { Get-FlannelNetworkConfig -ErrorAction Stop } NetworkConfigNotFound
            $failure.CategoryInfo.Category | Should -Be 'ObjectNotFound'
            $failure.Exception.Message | Should -Match ([regex]::Escape($key))
            Get-FlannelNetworkConfig -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        }

        It 'gives what stands there, with key and revision' {
            Set-LabKey $etcd $key '{"network":"10.42.0.0/16","backend":{"type":"VXLAN","vni":5}}'
            $config = Get-FlannelNetworkConfig
            $config.Key | Should -Be $key
            $config.Revision | Should -Be (Get-StoredRevision)
            $config.Backend.Type | Should -BeExactly 'vxlan'
            $config.Backend.VNI | Should -Be 5
        }

        It 'shows backends and members of others, and keeps them: <Json>' -ForEach @(
            @{ Json = '{"Network":"10.42.0.0/16","Backend":{"Type":"wireguard","PSK":"c2VjcmV0","ListenPort":51820}}' }
            @{ Json = '{"Network":"10.42.0.0/16","Comment":{"by":["ops",1.50,null]},"Backend":{"Type":"ipsec","PSK":"x"}}' }
            @{ Json = '{"Network":"10.42.0.0/16","Backend":{"Type":"brand-new","Some":"option"}}' }
            @{ Json = '{"Network":"10.42.0.0/16"}' }
        ) {
            Set-LabKey $etcd $key $Json
            (Get-FlannelNetworkConfig).Json | Should -BeExactly $Json
        }

        It 'takes udp where no backend is named, as flannel does' {
            Set-LabKey $etcd $key '{"Network":"10.42.0.0/16"}'
            (Get-FlannelNetworkConfig).BackendType | Should -Be 'udp'
        }

        It 'gives the very text with -Raw, also of what is none' {
            Set-LabKey $etcd $key "{ `"Network`" :`t1 }"
            Get-FlannelNetworkConfig -Raw | Should -BeExactly "{ `"Network`" :`t1 }"
            $failure = Get-FailureOf { Get-FlannelNetworkConfig -ErrorAction Stop } NetworkConfigInvalid
            $failure.Exception.Message | Should -Match 'Network is not a text'
        }

        It 'looks under another prefix' {
            Set-LabKey $etcd /other/config '{"Network":"10.99.0.0/16"}'
            "$((Get-FlannelNetworkConfig -Prefix /other).Network)" | Should -Be '10.99.0.0/16'
        }
    }

    Context 'Set-FlannelNetworkConfig' {
        It 'writes what the parameters say' {
            Set-FlannelNetworkConfig -Network 10.42.0.0/16 -SubnetLength 25 | Should -BeNullOrEmpty
            Get-Stored | Should -BeExactly '{"Network":"10.42.0.0/16","SubnetLen":25,"Backend":{"Type":"vxlan"}}'
        }

        It 'gives the configuration back with -PassThru, at its revision' {
            $config = Set-FlannelNetworkConfig 10.42.0.0/16 -PassThru
            $config.Revision | Should -Be (Get-StoredRevision)
            $config.Key | Should -Be $key
        }

        It 'takes a configuration from the pipeline' {
            New-FlannelNetworkConfig 10.42.0.0/16 -Backend (New-FlannelBackend -VNI 9) | Set-FlannelNetworkConfig
            (Get-FlannelNetworkConfig).Backend.VNI | Should -Be 9
        }

        It 'takes JSON for a configuration' {
            '{"Network":"10.42.0.0/16","Backend":{"Type":"alloc"}}' | Set-FlannelNetworkConfig
            Get-Stored | Should -BeExactly '{"Network":"10.42.0.0/16","Backend":{"Type":"alloc"}}'
        }

        It 'changes one thing of what stands there, and keeps the rest' {
            Set-LabKey $etcd $key '{"Owner":"ops","Network":"10.42.0.0/16","Backend":{"Type":"vxlan","VNI":3}}'
            Get-FlannelNetworkConfig | Set-FlannelNetworkConfig -SubnetLength 26 -WarningAction SilentlyContinue
            Get-Stored | Should -BeExactly '{"Owner":"ops","Network":"10.42.0.0/16","Backend":{"Type":"vxlan","VNI":3},"SubnetLen":26}'
        }

        It 'takes a file by <Case>' -ForEach @(
            @{ Case = 'its path'; Parameters = @{ Path = 'net-conf.json' } }
            @{ Case = 'a pattern'; Parameters = @{ Path = 'net-*.json' } }
            @{ Case = 'its very name'; Parameters = @{ LiteralPath = 'net-conf.json' } }
        ) {
            Push-Location (New-Item -ItemType Directory (Join-Path $TestDrive ([guid]::NewGuid())))
            try {
                '{', '  "Network": "10.42.0.0/16",', '  "Backend": { "Type": "host-gw" }', '}' | Set-Content net-conf.json
                Set-FlannelNetworkConfig @Parameters
            }
            finally { Pop-Location }
            Get-Stored | Should -BeExactly '{"Network":"10.42.0.0/16","Backend":{"Type":"host-gw"}}'
        }

        It 'takes a file from the pipeline' {
            Set-Content $TestDrive/one.json '{"Network":"10.42.0.0/16","Backend":{"Type":"host-gw"}}'
            Get-Item $TestDrive/one.json | Set-FlannelNetworkConfig
            (Get-FlannelNetworkConfig).BackendType | Should -Be 'host-gw'
        }

        It 'names vxlan for a file that names no backend, and says so' {
            Set-Content $TestDrive/two.json '{"Network":"10.42.0.0/16"}'
            Set-FlannelNetworkConfig -Path $TestDrive/two.json -WarningAction SilentlyContinue -WarningVariable warned
            Get-Stored | Should -BeExactly '{"Network":"10.42.0.0/16","Backend":{"Type":"vxlan"}}'
            "$warned" | Should -Match 'vxlan is written'
        }

        It 'writes nothing where the same stands there, whatever order and spaces' {
            Set-LabKey $etcd $key '{ "Backend": {"VNI": 4, "Type": "VXLAN"}, "network": "10.42.0.0/16" }'
            $before = Get-StoredRevision
            $said = Set-FlannelNetworkConfig -Network 10.42.0.0/16 -Backend (New-FlannelBackend -VNI 4) -Verbose 4>&1
            "$said" | Should -Match 'nothing is written'
            Get-StoredRevision | Should -Be $before
            (Set-FlannelNetworkConfig -Network 10.42.0.0/16 -Backend (New-FlannelBackend -VNI 4) -PassThru).Revision | Should -Be $before
            Get-FlannelNetworkConfig | Set-FlannelNetworkConfig
            Get-StoredRevision | Should -Be $before
        }

        It 'leaves one alone that is there with -NoClobber' {
            Set-FlannelNetworkConfig 10.42.0.0/16 -NoClobber
            $failure = Get-FailureOf { Set-FlannelNetworkConfig 10.43.0.0/16 -NoClobber -ErrorAction Stop } NetworkConfigExists
            $failure.CategoryInfo.Category | Should -Be 'ResourceExists'
            "$((Get-FlannelNetworkConfig).Network)" | Should -Be '10.42.0.0/16'
        }

        It 'changes nothing with -WhatIf' {
            Set-FlannelNetworkConfig 10.42.0.0/16 -WhatIf
            Get-Stored | Should -BeNullOrEmpty
            Set-FlannelNetworkConfig 10.42.0.0/16
            $before = Get-StoredRevision
            Set-FlannelNetworkConfig 10.43.0.0/16 -Force -WhatIf
            Get-StoredRevision | Should -Be $before
        }

        It 'writes a backend of flannel''s own for its nodes, with a warning, and flannel''s options with it' {
            New-FlannelNetworkConfig 10.42.0.0/16 -Backend (New-FlannelBackend wireguard -Option @{ PSK = 'c2VjcmV0' } -WarningAction Ignore) |
                Set-FlannelNetworkConfig -WarningAction SilentlyContinue -WarningVariable warned
            Get-Stored | Should -BeExactly '{"Network":"10.42.0.0/16","Backend":{"Type":"wireguard","PSK":"c2VjcmV0"}}'
            "$warned" | Should -Match 'wireguard is for nodes of flannel itself'
            "$warned" | Should -Not -Match 'c2VjcmV0'
        }

        It 'does not write <Case>' -ForEach @(
            @{ Case = 'a backend nobody has'; Json = '{"Network":"10.42.0.0/16","Backend":{"Type":"vxlann"}}' }
            @{ Case = 'an option that vxlan has not'; Json = '{"Network":"10.42.0.0/16","Backend":{"Type":"vxlan","Vni2":1}}' }
            @{ Case = 'what is no JSON'; Json = '{' }
            @{ Case = 'a range the wrong way round'; Json = '{"Network":"10.42.0.0/16","SubnetMin":"10.42.9.0","SubnetMax":"10.42.3.0"}' }
        ) {
            Set-Content $TestDrive/bad.json $Json
            (Get-FailureOf { Set-FlannelNetworkConfig -Path $TestDrive/bad.json -ErrorAction Stop } NetworkConfigInvalid).Exception.Message | Should -Match 'bad\.json'
            Get-Stored | Should -BeNullOrEmpty
        }

        It 'does not write host bits that are typed, and warns of those in a file' {
            $null = Get-FailureOf { Set-FlannelNetworkConfig 10.42.1.7/16 -ErrorAction Stop } NetworkConfigInvalid
            $null = Get-FailureOf { New-FlannelNetworkConfig 10.42.0.0/16 | Set-FlannelNetworkConfig -Network 10.42.1.7/16 -ErrorAction Stop } NetworkConfigInvalid
            Set-Content $TestDrive/host.json '{"Network":"10.42.1.7/16","Backend":{"Type":"vxlan"},"SubnetLength":24}'
            Set-FlannelNetworkConfig -Path $TestDrive/host.json -WarningAction SilentlyContinue -WarningVariable warned
            "$warned" | Should -Match 'host bits'
            "$warned" | Should -Match 'ignores SubnetLength'
        }

        It 'refuses files: <Case>' -ForEach @(
            @{ Case = 'not there'; Path = 'nowhere.json'; Id = 'FileNotFound' }
            @{ Case = 'two at once'; Path = 'pair*.json'; Id = 'ParameterConflict' }
            @{ Case = 'no file system'; Path = 'Env:\PATH'; Id = 'FileNotFound' }
            @{ Case = 'a symbolic link'; Path = 'link.json'; Id = 'FileUnsafe' }
            @{ Case = 'a folder'; Path = 'folder'; Id = 'FileUnsafe' }
        ) {
            Push-Location (New-Item -ItemType Directory -Force (Join-Path $TestDrive files))
            try {
                'pair1.json', 'pair2.json' | ForEach-Object { Set-Content $_ '{"Network":"10.42.0.0/16"}' }
                $null = New-Item -Force -ItemType SymbolicLink link.json -Value pair1.json
                $null = New-Item -Force -ItemType Directory folder
                $null = Get-FailureOf { Set-FlannelNetworkConfig -Path $Path -ErrorAction Stop } $Id
            }
            finally { Pop-Location }
            Get-Stored | Should -BeNullOrEmpty
        }

        Context 'while nodes hold leases' {
            BeforeEach {
                Set-FlannelNetworkConfig 10.42.0.0/16
                Set-LabLease $etcd 10.42.5.0/24
                $before = Get-StoredRevision
            }

            It 'refuses to change <Case>, and -Force does it' -ForEach @(
                @{ Case = 'the network'; Parameters = @{ Network = '10.43.0.0/16' }; Message = 'Network would change from 10\.42\.0\.0/16 to 10\.43\.0\.0/16' }
                @{ Case = 'its length'; Parameters = @{ Network = '10.42.0.0/17' }; Message = 'Network would change' }
                @{ Case = 'the backend'; Parameters = @{ Network = '10.42.0.0/16'; Backend = 'host-gw' }; Message = 'from vxlan to host-gw' }
                @{ Case = 'the families'; Parameters = @{ Network = '10.42.0.0/16'; IPv6Network = 'fd00::/48' }; Message = 'IPv6Network would change from none' }
            ) {
                $failure = Get-FailureOf { Set-FlannelNetworkConfig @Parameters -ErrorAction Stop } NetworkConfigInUse
                $failure.CategoryInfo.Category | Should -Be 'ResourceBusy'
                $failure.Exception.Message | Should -Match $Message
                $failure.Exception.Message | Should -Match '10\.42\.5\.0/24'
                Get-StoredRevision | Should -Be $before
                Set-FlannelNetworkConfig @Parameters -Force
                Get-StoredRevision | Should -BeGreaterThan $before
            }

            It 'refuses to change the backend''s options' {
                $null = Get-FailureOf { Set-FlannelNetworkConfig 10.42.0.0/16 -Backend (New-FlannelBackend -VNI 2) -ErrorAction Stop } NetworkConfigInUse
            }

            It 'changes what flannel can change with a restart' {
                Set-FlannelNetworkConfig 10.42.0.0/16 -SubnetLength 25 -SubnetMax 10.42.99.0
                Get-StoredRevision | Should -BeGreaterThan $before
            }

            It 'tells by the leases where the present configuration is missing or broken' {
                Set-LabKey $etcd $key '{'
                $null = Get-FailureOf { Set-FlannelNetworkConfig 10.43.0.0/16 -ErrorAction Stop } NetworkConfigInUse
                $null = Get-FailureOf { Set-FlannelNetworkConfig 10.42.0.0/16 -Backend host-gw -ErrorAction Stop } NetworkConfigInUse
                Set-FlannelNetworkConfig 10.42.0.0/16
                "$((Get-FlannelNetworkConfig).Network)" | Should -Be '10.42.0.0/16'
            }
        }

        It 'refuses to write over what somebody changed since it was read, unless -Force' {
            Set-FlannelNetworkConfig 10.42.0.0/16
            $read = Get-FlannelNetworkConfig
            Set-FlannelNetworkConfig 10.42.0.0/16 -SubnetLength 25
            $failure = Get-FailureOf { $read | Set-FlannelNetworkConfig -SubnetLength 26 -ErrorAction Stop } NetworkConfigChanged
            $failure.CategoryInfo.Category | Should -Be 'ResourceBusy'
            (Get-FlannelNetworkConfig).SubnetLength | Should -Be 25
            $read | Set-FlannelNetworkConfig -SubnetLength 26 -Force
            (Get-FlannelNetworkConfig).SubnetLength | Should -Be 26
        }

        It 'writes what was read under another prefix: its revision is no matter there' {
            Set-FlannelNetworkConfig 10.42.0.0/16
            Set-FlannelNetworkConfig 10.50.0.0/16 -Prefix /coreos.com/other
            Get-FlannelNetworkConfig | Set-FlannelNetworkConfig -Prefix /coreos.com/other
            "$((Get-FlannelNetworkConfig -Prefix /coreos.com/other).Network)" | Should -Be '10.42.0.0/16'
        }
    }

    Context 'Remove-FlannelNetworkConfig' {
        It 'removes it' {
            Set-FlannelNetworkConfig 10.42.0.0/16
            Remove-FlannelNetworkConfig -Confirm:$false
            Get-Stored | Should -BeNullOrEmpty
        }

        It 'says that there is none' {
            $null = Get-FailureOf { Remove-FlannelNetworkConfig -Confirm:$false -ErrorAction Stop } NetworkConfigNotFound
        }

        It 'removes nothing with -WhatIf, nor without an answer where nobody can be asked' {
            Set-FlannelNetworkConfig 10.42.0.0/16
            $before = Get-StoredRevision
            Remove-FlannelNetworkConfig -WhatIf
            Remove-FlannelNetworkConfig -Force -WhatIf
            { Remove-FlannelNetworkConfig } | Should -Throw
            Get-StoredRevision | Should -Be $before
        }

        It 'refuses while nodes hold leases, unless -Force' {
            Set-FlannelNetworkConfig 10.42.0.0/16
            Set-LabLease $etcd 10.42.5.0/24
            $null = Get-FailureOf { Remove-FlannelNetworkConfig -Confirm:$false -ErrorAction Stop } NetworkConfigInUse
            Get-Stored | Should -Not -BeNullOrEmpty
            Remove-FlannelNetworkConfig -Force -Confirm:$false
            Get-Stored | Should -BeNullOrEmpty
        }
    }

    Context 'Test-FlannelNetworkConfig' {
        It 'is about the store''s where none is given' {
            Test-FlannelNetworkConfig | Should -BeFalse
            (Test-FlannelNetworkConfig -Detailed).Name | Should -Be 'Found'
            Set-LabKey $etcd $key '{"Network":"10.42.0.0/16","SubnetLen":17}'
            Test-FlannelNetworkConfig | Should -BeFalse
            Set-FlannelNetworkConfig 10.42.0.0/16
            Test-FlannelNetworkConfig | Should -BeTrue
        }

        It 'compares with the leases and with the store' {
            Set-FlannelNetworkConfig 10.42.0.0/16
            Set-LabLease $etcd 10.42.5.0/24
            Set-LabLease $etcd 10.42.6.0/24
            $same = New-FlannelNetworkConfig 10.42.0.0/16
            Test-FlannelNetworkConfig -InputObject $same -Against Store, Leases | Should -BeTrue
            ($same | Test-FlannelNetworkConfig -Against Leases -Detailed | Where-Object Name -EQ AgainstLeases).Message | Should -Be 'All leases (2) fit.'
            $other = New-FlannelNetworkConfig 10.43.0.0/16
            $other | Test-FlannelNetworkConfig | Should -BeTrue
            $other | Test-FlannelNetworkConfig -Against Store | Should -BeFalse
            @($other | Test-FlannelNetworkConfig -Against Leases -Detailed | Where-Object Status -EQ Fail).Count | Should -Be 2
            $longer = New-FlannelNetworkConfig 10.42.0.0/16 -SubnetLength 25
            $longer | Test-FlannelNetworkConfig -Against Store, Leases | Should -BeTrue
            @($longer | Test-FlannelNetworkConfig -Against Leases -Detailed | Where-Object Status -EQ Warn).Count | Should -Be 2
        }
    }

    It 'says that the store is away: <_>' -ForEach 'Get-FlannelNetworkConfig', 'Set-FlannelNetworkConfig -Network 10.42.0.0/16', 'Remove-FlannelNetworkConfig -Confirm:$false', 'Test-FlannelNetworkConfig' {
        $null = Get-FailureOf ([scriptblock]::Create("$_ -Endpoint http://127.0.0.1:9")) StoreUnreachable
    }
}
