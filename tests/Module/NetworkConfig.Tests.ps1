BeforeAll {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1 -Force
}

AfterAll { Remove-Module FlannelPS }

Describe 'New-FlannelNetworkConfig' {
    It 'names vxlan where no backend is given, and writes what flannel''s documentation has' {
        (New-FlannelNetworkConfig 10.42.0.0/16).Json | Should -BeExactly '{"Network":"10.42.0.0/16","Backend":{"Type":"vxlan"}}'
    }

    It 'completes what is not given' {
        $config = New-FlannelNetworkConfig -Network 10.42.0.0/16
        $config | Should -BeOfType FlannelPS.FlannelNetworkConfig
        "$($config.Network) $($config.SubnetLength) $($config.SubnetMin) $($config.SubnetMax) $($config.MaximumNodes)" | Should -Be '10.42.0.0/16 24 10.42.1.0 10.42.255.0 255'
        $config.BackendType | Should -Be 'vxlan'
        $config.EnableIPv4 | Should -BeTrue
        $config.EnableIPv6 | Should -BeFalse
        $config.EnableNFTables | Should -BeNullOrEmpty
        $config.Revision | Should -BeNullOrEmpty
        "$config" | Should -Be '10.42.0.0/16 vxlan'
    }

    It 'writes each parameter: <Json>' -ForEach @(
        @{ Parameters = @{ SubnetLength = 26; SubnetMin = '10.42.0.64'; SubnetMax = '10.42.9.0' }; Json = '{"Network":"10.42.0.0/16","SubnetLen":26,"SubnetMin":"10.42.0.64","SubnetMax":"10.42.9.0","Backend":{"Type":"vxlan"}}' }
        @{ Parameters = @{ SubnetLen = 25 }; Json = '{"Network":"10.42.0.0/16","SubnetLen":25,"Backend":{"Type":"vxlan"}}' }
        @{ Parameters = @{ EnableNFTables = $true }; Json = '{"Network":"10.42.0.0/16","EnableNFTables":true,"Backend":{"Type":"vxlan"}}' }
        @{ Parameters = @{ EnableNFTables = $false; EnableIPv4 = $true }; Json = '{"Network":"10.42.0.0/16","EnableIPv4":true,"EnableNFTables":false,"Backend":{"Type":"vxlan"}}' }
        @{ Parameters = @{ IPv6Network = 'fd00:42::/48' }; Json = '{"Network":"10.42.0.0/16","EnableIPv6":true,"IPv6Network":"fd00:42::/48","Backend":{"Type":"vxlan"}}' }
        @{ Parameters = @{ EnableIPv6 = $true; IPv6Network = 'fd00:42::/48'; IPv6SubnetLength = 64; IPv6SubnetMin = 'fd00:42:0:1::'; IPv6SubnetMax = 'fd00:42:0:9::' }; Json = '{"Network":"10.42.0.0/16","EnableIPv6":true,"IPv6Network":"fd00:42::/48","IPv6SubnetLen":64,"IPv6SubnetMin":"fd00:42:0:1::","IPv6SubnetMax":"fd00:42:0:9::","Backend":{"Type":"vxlan"}}' }
        @{ Parameters = @{ Backend = 'host-gw' }; Json = '{"Network":"10.42.0.0/16","Backend":{"Type":"host-gw"}}' }
    ) {
        $config = New-FlannelNetworkConfig -Network 10.42.0.0/16 @Parameters
        $config.Json | Should -BeExactly $Json
        Test-FlannelNetworkConfig -InputObject $config | Should -BeTrue
    }

    It 'takes the backend from the pipeline' {
        (New-FlannelBackend -VNI 7 -Port 4789 | New-FlannelNetworkConfig 10.42.0.0/16).Json | Should -BeExactly '{"Network":"10.42.0.0/16","Backend":{"Type":"vxlan","VNI":7,"Port":4789}}'
    }

    It 'takes its parameters by property name' {
        $config = 'Network,SubnetLength', '10.42.0.0/16,26', '10.43.0.0/16,27' | ConvertFrom-Csv | New-FlannelNetworkConfig
        $config.SubnetLength | Should -Be 26, 27
    }

    It 'refuses <Case>' -ForEach @(
        @{ Case = 'host bits, and says which network is meant'; Parameters = @{ Network = '10.42.1.7/16' }; Message = 'host bits.*10\.42\.0\.0/16' }
        @{ Case = 'host bits in the IPv6 network'; Parameters = @{ Network = '10.42.0.0/16'; IPv6Network = 'fd00:42::7/48' }; Message = 'host bits.*fd00:42::/48' }
        @{ Case = 'what is no network'; Parameters = @{ Network = 'ten' }; Message = 'IPv4 network' }
        @{ Case = 'an address without a length'; Parameters = @{ Network = '10.42.0.0' }; Message = 'IPv4 network' }
        @{ Case = 'the other family'; Parameters = @{ Network = 'fd00::/48' }; Message = 'IPv4 network' }
        @{ Case = 'a network that is everything'; Parameters = @{ Network = '0.0.0.0/0' }; Message = 'missing' }
        @{ Case = 'a network that is too small'; Parameters = @{ Network = '10.42.0.0/29' }; Message = 'too small' }
        @{ Case = 'a subnet that is too long'; Parameters = @{ Network = '10.42.0.0/16'; SubnetLength = 31 }; Message = 'at most 30' }
        @{ Case = 'fewer than four subnets'; Parameters = @{ Network = '10.42.0.0/16'; SubnetLength = 17 }; Message = 'four subnets' }
        @{ Case = 'a negative length'; Parameters = @{ Network = '10.42.0.0/16'; SubnetLength = -1 }; Message = 'whole number' }
        @{ Case = 'a minimum outside'; Parameters = @{ Network = '10.42.0.0/16'; SubnetMin = '10.43.0.0' }; Message = 'not inside' }
        @{ Case = 'a maximum outside'; Parameters = @{ Network = '10.42.0.0/16'; SubnetMax = '10.43.0.0' }; Message = 'not inside' }
        @{ Case = 'a minimum inside a subnet'; Parameters = @{ Network = '10.42.0.0/16'; SubnetMin = '10.42.3.1' }; Message = 'where a subnet begins' }
        @{ Case = 'a range the wrong way round'; Parameters = @{ Network = '10.42.0.0/16'; SubnetMin = '10.42.9.0'; SubnetMax = '10.42.3.0' }; Message = 'is above' }
        @{ Case = 'IPv6 without its network'; Parameters = @{ Network = '10.42.0.0/16'; EnableIPv6 = $true }; Message = 'IPv6Network is missing' }
        @{ Case = 'an IPv6 range without its network'; Parameters = @{ Network = '10.42.0.0/16'; IPv6SubnetLength = 64 }; Message = 'IPv6Network is missing' }
        @{ Case = 'IPv6 alone'; Parameters = @{ Network = '10.42.0.0/16'; EnableIPv4 = $false; IPv6Network = 'fd00::/48' }; Message = 'IPv6-only' }
    ) {
        $failure = Get-FailureOf { New-FlannelNetworkConfig @Parameters -ErrorAction Stop } NetworkConfigInvalid
        $failure.Exception.Message | Should -Match $Message
        $failure.CategoryInfo.Category | Should -Be 'InvalidData'
    }

    It 'refuses a backend nobody has, with the id in the exception' {
        $failure = { New-FlannelNetworkConfig 10.42.0.0/16 -Backend vxlann } | Should -Throw -PassThru
        $failure.Exception.Message | Should -Match "no backend 'vxlann'"
    }

    It 'goes on with the next record' {
        $made = [pscustomobject]@{ Network = '10.42.0.1/16' }, [pscustomobject]@{ Network = '10.42.0.0/16' } | New-FlannelNetworkConfig -ErrorAction SilentlyContinue -ErrorVariable problem
        @($made).Count | Should -Be 1
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'NetworkConfigInvalid,*'
    }

    It 'completes backends' {
        foreach ($line in 'New-FlannelNetworkConfig 10.42.0.0/16 -Backend host', 'New-FlannelBackend -Type host', 'Set-FlannelNetworkConfig -Network 10.42.0.0/16 -Backend host') {
            (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Be 'host-gw'
        }
    }
}

Describe 'New-FlannelBackend' {
    It 'is vxlan by default, and gives its options as properties' {
        $backend = New-FlannelBackend -VNI 7 -Port 4789 -MTU 1400 -DirectRouting -Learning -GBP:$false
        "$backend" | Should -Be 'vxlan'
        $backend.VNI, $backend.Port, $backend.MTU, $backend.DirectRouting, $backend.Learning, $backend.GBP | Should -Be 7, 4789, 1400, $true, $true, $false
        (New-FlannelBackend).Option.Count | Should -Be 0
        (New-FlannelBackend).VNI | Should -BeNullOrEmpty
    }

    It 'takes the names of <_>' -ForEach 'vxlan', 'VXLAN', 'host-gw', 'alloc', 'udp' {
        (New-FlannelBackend $_ -WarningVariable warned).Type | Should -Be $_.ToLowerInvariant()
        $warned.Count | Should -Be 0
    }

    It 'makes backends that only flannel has, with a warning: <Type>' -ForEach @(
        @{ Type = 'ipip'; Parameters = @{ DirectRouting = $true }; Json = '{"Type":"ipip","DirectRouting":true}' }
        @{ Type = 'wireguard'; Parameters = @{ Option = [ordered]@{ ListenPort = 51821; Mode = 'auto' } }; Json = '{"Type":"wireguard","ListenPort":51821,"Mode":"auto"}' }
        @{ Type = 'extension'; Parameters = @{ Option = @{ PreStartupCommand = "echo 'a ""b"" +'" } }; Json = '{"Type":"extension","PreStartupCommand":"echo ''a \"b\" +''"}' }
    ) {
        $backend = New-FlannelBackend $Type @Parameters -WarningAction SilentlyContinue -WarningVariable warned
        (New-FlannelNetworkConfig 10.42.0.0/16 -Backend $backend).Json | Should -BeExactly "{`"Network`":`"10.42.0.0/16`",`"Backend`":$Json}"
        "$warned" | Should -Match 'flannel itself'
    }

    It 'keeps every kind of value' {
        $backend = New-FlannelBackend tencent-vpc -Option @{ A = @(1, 2.5, $true, @{ B = 'c' }) } -WarningAction SilentlyContinue -WarningVariable warned
        $backend.Option['A'][3].B | Should -Be 'c'
        "$warned" | Should -Match 'ignores its option A'
    }

    It 'refuses <Case>' -ForEach @(
        @{ Case = 'a backend nobody has'; Parameters = @{ Type = 'vxlann' }; Message = 'no backend' }
        @{ Case = 'an empty name'; Parameters = @{ Type = ' ' }; Message = 'Type' }
        @{ Case = 'a VNI of 0'; Parameters = @{ VNI = 0 }; Message = 'VNI 0' }
        @{ Case = 'a VNI of 25 bits'; Parameters = @{ VNI = 16777216 }; Message = 'VNI' }
        @{ Case = 'a negative port'; Parameters = @{ Port = -1 }; Message = 'Port' }
        @{ Case = 'a port of 17 bits'; Parameters = @{ Port = 65536 }; Message = 'Port' }
        @{ Case = 'an MTU without room'; Parameters = @{ MTU = 100 }; Message = 'MTU' }
        @{ Case = 'an option host-gw has not'; Parameters = @{ Type = 'host-gw'; VNI = 1 }; Message = "no option 'VNI'" }
        @{ Case = 'an option wireguard has not'; Parameters = @{ Type = 'wireguard'; Port = 1 }; Message = "no option 'Port'.*ListenPort" }
        @{ Case = 'an option vxlan has not'; Parameters = @{ Option = @{ Vni2 = 1 } }; Message = "no option 'Vni2'" }
        @{ Case = 'a value that is nothing'; Parameters = @{ Option = @{ VNI = $null } }; Message = 'neither text' }
        @{ Case = 'a value that has no JSON'; Parameters = @{ Option = @{ VNI = Get-Date } }; Message = 'neither text' }
    ) {
        (Get-FailureOf { New-FlannelBackend @Parameters -ErrorAction Stop } NetworkConfigInvalid).Exception.Message | Should -Match $Message
    }

    It 'refuses an option twice' {
        $null = Get-FailureOf { New-FlannelBackend -VNI 1 -Option @{ vni = 2 } -ErrorAction Stop } ParameterConflict
    }
}

Describe 'Test-FlannelNetworkConfig, offline' {
    It 'shows every rule of <Rule>' -ForEach @(
        @{ Rule = 'Json'; Json = '[' }
        @{ Rule = 'EnableIPv4'; Json = '{"Network":"10.42.0.0/16","EnableIPv4":false}' }
        @{ Rule = 'EnableNFTables'; Json = '{"Network":"10.42.0.0/16","EnableNFTables":"yes"}' }
        @{ Rule = 'Network'; Json = '{}' }
        @{ Rule = 'SubnetLen'; Json = '{"Network":"10.42.0.0/16","SubnetLen":31}' }
        @{ Rule = 'SubnetMin'; Json = '{"Network":"10.42.0.0/16","SubnetMin":"10.43.0.0"}' }
        @{ Rule = 'SubnetMax'; Json = '{"Network":"10.42.0.0/16","SubnetMax":"10.42.0.1"}' }
        @{ Rule = 'SubnetOrder'; Json = '{"Network":"10.42.0.0/16","SubnetMin":"10.42.9.0","SubnetMax":"10.42.3.0"}' }
        @{ Rule = 'IPv6Network'; Json = '{"Network":"10.42.0.0/16","EnableIPv6":true}' }
        @{ Rule = 'IPv6SubnetLen'; Json = '{"Network":"10.42.0.0/16","EnableIPv6":true,"IPv6Network":"fd00::/48","IPv6SubnetLen":49}' }
        @{ Rule = 'IPv6SubnetMin'; Json = '{"Network":"10.42.0.0/16","EnableIPv6":true,"IPv6Network":"fd00::/48","IPv6SubnetMin":"fd01::"}' }
        @{ Rule = 'IPv6SubnetMax'; Json = '{"Network":"10.42.0.0/16","EnableIPv6":true,"IPv6Network":"fd00::/48","IPv6SubnetMax":"fd00::1"}' }
        @{ Rule = 'BackendType'; Json = '{"Network":"10.42.0.0/16","Backend":{}}' }
        @{ Rule = 'Backend'; Json = '{"Network":"10.42.0.0/16","Backend":{"Type":"vxlan","VNI":0}}' }
    ) {
        Set-Content $TestDrive/rule.json $Json
        $results = Test-FlannelNetworkConfig $TestDrive/rule.json -Detailed
        @($results | Where-Object Status -EQ Fail).Name | Should -Be $Rule
        ($results | Where-Object Status -EQ Fail).Remedy | Should -Not -BeNullOrEmpty
        Test-FlannelNetworkConfig $TestDrive/rule.json | Should -BeFalse
        "$(Test-FlannelNetworkConfig $TestDrive/rule.json -Verbose 4>&1)" | Should -Match "$Rule`: Fail"
    }

    It 'goes on behind a mistake' {
        Set-Content $TestDrive/three.json '{"Network":"10.42.0.0/16","SubnetLen":31,"EnableIPv6":true,"IPv6Network":"x","Backend":{"Type":7}}'
        @(Test-FlannelNetworkConfig $TestDrive/three.json -Detailed | Where-Object Status -EQ Fail).Name | Should -Be 'SubnetLen', 'IPv6Network', 'BackendType'
        @(Test-FlannelNetworkConfig $TestDrive/three.json -Detailed -Against Store | Where-Object Name -EQ AgainstStore).Status | Should -Be 'Skip'
    }

    It 'warns of what flannel lets pass in silence: <Name>' -ForEach @(
        @{ Name = 'HostBits'; Json = '{"Network":"10.42.0.7/16","Backend":{"Type":"vxlan"}}' }
        @{ Name = 'Members'; Json = '{"Network":"10.42.0.0/16","SubnetLength":24,"Backend":{"Type":"vxlan"}}' }
        @{ Name = 'EnableIPv6'; Json = '{"Network":"10.42.0.0/16","IPv6Network":"fd00::/48","Backend":{"Type":"vxlan"}}' }
        @{ Name = 'Backend'; Json = '{"Network":"10.42.0.0/16","Backend":{"Type":"wireguard"}}' }
    ) {
        Set-Content $TestDrive/warn.json $Json
        Test-FlannelNetworkConfig $TestDrive/warn.json | Should -BeTrue
        $warning = Test-FlannelNetworkConfig -LiteralPath $TestDrive/warn.json -Detailed | Where-Object Status -EQ Warn
        $warning.Name | Should -Be $Name
        $warning.Remedy | Should -Not -BeNullOrEmpty
        $warning | Should -BeOfType FlannelPS.FlannelTestResult
    }

    It 'says of a file that is not there that it is not, and tests the others' {
        Set-Content $TestDrive/good.json '{"Network":"10.42.0.0/16","Backend":{"Type":"vxlan"}}'
        Test-FlannelNetworkConfig $TestDrive/nowhere.json, $TestDrive/good.json -ErrorAction SilentlyContinue -ErrorVariable problem | Should -BeTrue
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'FileNotFound,*'
    }
}

Describe 'Import- and Export-FlannelNetworkConfig' {
    BeforeEach {
        $folder = (New-Item -ItemType Directory (Join-Path $TestDrive ([guid]::NewGuid()))).FullName
        Push-Location $folder
        $config = New-FlannelNetworkConfig 10.42.0.0/16 -SubnetLength 25 -Backend (New-FlannelBackend -VNI 4)
    }
    AfterEach { Pop-Location }

    It 'writes what flannel reads, and reads it again' {
        $config | Export-FlannelNetworkConfig net-conf.json | Should -BeNullOrEmpty
        [IO.File]::ReadAllText("$folder/net-conf.json") | Should -BeExactly "{`n  `"Network`": `"10.42.0.0/16`",`n  `"SubnetLen`": 25,`n  `"Backend`": {`n    `"Type`": `"vxlan`",`n    `"VNI`": 4`n  }`n}`n"
        [IO.File]::GetUnixFileMode("$folder/net-conf.json") | Should -Be 'OtherRead, GroupRead, UserWrite, UserRead'
        (Import-FlannelNetworkConfig net-conf.json).Json | Should -BeExactly $config.Json
    }

    It 'reads a net-conf.json as it stands in manifests, a byte order mark before it too' {
        [IO.File]::WriteAllText("$folder/net-conf.json", "{`n  `"Network`": `"10.244.0.0/16`",`n  `"EnableNFTables`": false,`n  `"Backend`": {`n    `"Type`": `"vxlan`"`n  }`n}`n", [Text.UTF8Encoding]::new($true))
        $read = Import-FlannelNetworkConfig net-conf.json
        "$($read.Network)" | Should -Be '10.244.0.0/16'
        $read.EnableNFTables | Should -BeFalse
        $read.Revision | Should -BeNullOrEmpty
    }

    It 'reads patterns, very names, and what comes through the pipeline' {
        $config | Export-FlannelNetworkConfig a.json
        $config | Export-FlannelNetworkConfig -LiteralPath 'b[1].json'
        @(Import-FlannelNetworkConfig *.json).Count | Should -Be 2
        @(Import-FlannelNetworkConfig -LiteralPath 'b[1].json').Count | Should -Be 1
        @(Get-ChildItem *.json | Import-FlannelNetworkConfig).Count | Should -Be 2
        @('a.json' | Import-FlannelNetworkConfig).Count | Should -Be 1
        @([pscustomobject]@{ Path = 'a.json' } | Import-FlannelNetworkConfig).Count | Should -Be 1
    }

    It 'says what is wrong with a file, and goes on: <Id>' -ForEach @(
        @{ Id = 'NetworkConfigInvalid'; File = 'broken.json' }
        @{ Id = 'FileNotFound'; File = 'nowhere.json' }
        @{ Id = 'FileUnsafe'; File = 'link.json' }
        @{ Id = 'FileUnsafe'; File = 'folder' }
        @{ Id = 'FileUnsafe'; File = 'large.json' }
    ) {
        $config | Export-FlannelNetworkConfig good.json
        Set-Content broken.json '{"Network":'
        $null = New-Item -ItemType SymbolicLink link.json -Value good.json
        $null = New-Item -ItemType Directory folder
        [IO.File]::WriteAllText("$folder/large.json", ' ' * 300000)
        @(Import-FlannelNetworkConfig $File, good.json -ErrorAction SilentlyContinue -ErrorVariable problem).Count | Should -Be 1
        $problem[0].FullyQualifiedErrorId | Should -BeLike "$Id,*"
        "$($problem[0])" | Should -Match ([regex]::Escape($File))
    }

    It 'waits at no fifo' {
        mkfifo "$folder/pipe"
        $null = Get-FailureOf { Import-FlannelNetworkConfig pipe -ErrorAction Stop } FileUnsafe
        $null = Get-FailureOf { $config | Export-FlannelNetworkConfig pipe -ErrorAction Stop } FileUnsafe
    }

    It 'gives the file with -PassThru, and changes nothing with -WhatIf' {
        $config | Export-FlannelNetworkConfig new.json -WhatIf
        $config | Export-FlannelNetworkConfig sub/new.json -Force -WhatIf
        @(Get-ChildItem -Recurse).Count | Should -Be 0
        ($config | Export-FlannelNetworkConfig new.json -PassThru).FullName | Should -Be "$folder/new.json"
        (Get-ChildItem -Force).Name | Should -Be 'new.json'
    }

    It 'leaves a file alone that says the same already' {
        $config | Export-FlannelNetworkConfig same.json
        $before = (Get-Item same.json).LastWriteTimeUtc
        "$($config | Export-FlannelNetworkConfig same.json -Verbose 4>&1)" | Should -Match 'nothing is written'
        (Get-Item same.json).LastWriteTimeUtc | Should -Be $before
    }

    It 'replaces a file, and not with -NoClobber' {
        Set-Content old.json old
        $null = Get-FailureOf { $config | Export-FlannelNetworkConfig old.json -NoClobber -ErrorAction Stop } FileExists
        Get-Content old.json | Should -Be 'old'
        $config | Export-FlannelNetworkConfig old.json
        (Import-FlannelNetworkConfig old.json).SubnetLength | Should -Be 25
    }

    It 'replaces a read-only file, and makes folders, only with -Force' {
        Set-Content ro.json old
        chmod 0444 ro.json
        $null = Get-FailureOf { $config | Export-FlannelNetworkConfig ro.json -ErrorAction Stop } FileNotWritten
        $config | Export-FlannelNetworkConfig ro.json -Force
        (Import-FlannelNetworkConfig ro.json).SubnetLength | Should -Be 25
        $null = Get-FailureOf { $config | Export-FlannelNetworkConfig sub/new.json -ErrorAction Stop } FileNotFound
        $config | Export-FlannelNetworkConfig sub/new.json -Force
        Test-Path sub/new.json | Should -BeTrue
    }

    It 'follows no symbolic link and leaves what it points to as it was' {
        Set-Content precious old
        $null = New-Item -ItemType SymbolicLink link.json -Value precious
        $null = Get-FailureOf { $config | Export-FlannelNetworkConfig link.json -Force -ErrorAction Stop } FileUnsafe
        Get-Content precious | Should -Be 'old'
    }

    It 'writes into no folder that others can write to' {
        $null = New-Item -ItemType Directory open
        chmod 0777 open
        $null = Get-FailureOf { $config | Export-FlannelNetworkConfig open/x.json -ErrorAction Stop } FileUnsafe
    }

    It 'says when the disk is full, and leaves no half file' {
        $null = New-Item -ItemType Directory full
        mount -t tmpfs -o size=4k,mode=0755 tmpfs "$folder/full"
        try {
            [IO.File]::WriteAllBytes("$folder/full/filler", [byte[]]::new(4096))
            $null = Get-FailureOf { $config | Export-FlannelNetworkConfig full/x.json -ErrorAction Stop } FileNotWritten
            (Get-ChildItem -Force full).Name | Should -Be 'filler'
        }
        finally { umount "$folder/full" }
    }

    It 'takes one configuration a file' {
        $null = Get-FailureOf { $config, $config | Export-FlannelNetworkConfig one.json -ErrorAction Stop } ParameterConflict
    }

    It 'lets only the owner read a file with a secret in it' {
        New-FlannelNetworkConfig 10.42.0.0/16 -Backend (New-FlannelBackend wireguard -Option @{ psk = 'x' } -WarningAction Ignore) | Export-FlannelNetworkConfig secret.json
        [IO.File]::GetUnixFileMode("$folder/secret.json") | Should -Be 'UserWrite, UserRead'
    }

    It 'survives the way to a job and back as its JSON' {
        $back = [Management.Automation.PSSerializer]::Deserialize([Management.Automation.PSSerializer]::Serialize($config))
        ([FlannelPS.FlannelNetworkConfig]$back.Json).Json | Should -BeExactly $config.Json
    }
}
