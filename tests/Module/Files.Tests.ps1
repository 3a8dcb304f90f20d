# What the original's own script writes is compared where MK_DOCKER_OPTS names it; the golden texts below always.
BeforeDiscovery {
    $script:script = $env:MK_DOCKER_OPTS
    $script:noScript = -not ($script -and (Test-Path $script))
    $subnetFiles = @(
        @{ Text = "FLANNEL_NETWORK=10.42.0.0/16`nFLANNEL_SUBNET=10.42.72.1/24`nFLANNEL_MTU=1450`nFLANNEL_IPMASQ=true`n"; Kind = 'a usual file' }
        @{ Text = "FLANNEL_NETWORK=10.42.0.0/16`nFLANNEL_SUBNET=10.42.72.1/24`nFLANNEL_MTU=1450`nFLANNEL_IPMASQ=false`n"; Kind = 'no masquerading' }
        @{ Text = "FLANNEL_SUBNET=10.42.72.1/24`nFLANNEL_IPV6_SUBNET=fd00::1/64`nFLANNEL_MTU=1430`nFLANNEL_IPMASQ=true`n"; Kind = 'two families' }
        @{ Text = "FLANNEL_SUBNET=10.42.72.1/24`n"; Kind = 'a subnet alone' }
        @{ Text = "FLANNEL_MTU=1450`nFLANNEL_IPMASQ=true`n"; Kind = 'no subnet' }
        @{ Text = "# by hand`nFLANNEL_SUBNET='10.42.72.1/24'`nexport FLANNEL_MTU=`"1450`"`n"; Kind = 'quotes and export' }
        @{ Text = ''; Kind = 'an empty file' }
    )
    $optionSets = @(
        @{ Flags = @(); Parameters = @{} }
        @{ Flags = @('-i'); Parameters = @{ Individual = $true } }
        @{ Flags = @('-c'); Parameters = @{ Combined = $true } }
        @{ Flags = @('-i', '-c'); Parameters = @{ Individual = $true; Combined = $true } }
        @{ Flags = @('-m'); Parameters = @{ NoIPMasquerade = $true } }
        @{ Flags = @('-i', '-m'); Parameters = @{ Individual = $true; NoIPMasquerade = $true } }
        @{ Flags = @('-c', '-m'); Parameters = @{ Combined = $true; NoIPMasquerade = $true } }
        @{ Flags = @('-c', '-k', 'OPTIONS'); Parameters = @{ Combined = $true; CombinedKey = 'OPTIONS' } }
        @{ Flags = @('-k', 'OPTIONS'); Parameters = @{ CombinedKey = 'OPTIONS' } }
        @{ Flags = @('-i', '-k', 'OPTIONS'); Parameters = @{ Individual = $true; CombinedKey = 'OPTIONS' } }
    )
    $environments = @(
        @{ Variables = @{}; With = 'nothing set' }
        @{ Variables = @{ DOCKER_OPTS = '--debug'; OPTIONS = '--log-level=warn' }; With = 'combined variables set' }
        @{ Variables = @{ DOCKER_OPT_STORAGE = '--storage-driver=overlay2'; DOCKER_OPT_BIP = '--bip=1.2.3.4/24' }; With = 'single options set' }
    )
    $script:cases = foreach ($file in $subnetFiles) { foreach ($set in $optionSets) { foreach ($environment in $environments) {
        @{ Name = "$($file.Kind), '$($set.Flags -join ' ')', $($environment.With)"; Text = $file.Text; Flags = $set.Flags; Parameters = $set.Parameters; Variables = $environment.Variables }
    } } }
    if ($noScript) { $script:cases = @{ Name = 'every set of options' } }
}

BeforeAll {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1 -Force
    Initialize-Lab
    $usual = "FLANNEL_NETWORK=10.42.0.0/16`nFLANNEL_SUBNET=10.42.72.1/24`nFLANNEL_MTU=1450`nFLANNEL_IPMASQ=true`n"
    function Get-Bytes($Path) { [Convert]::ToHexString([IO.File]::ReadAllBytes($Path)) }
    function Get-TextBytes($Text) { [Convert]::ToHexString([Text.Encoding]::UTF8.GetBytes($Text)) }
    # Runs with variables set, and without them again.
    function Use-Environment([hashtable] $Variables, [scriptblock] $Body) {
        foreach ($name in $Variables.Keys) { [Environment]::SetEnvironmentVariable($name, $Variables[$name]) }
        try { & $Body } finally { foreach ($name in $Variables.Keys) { Remove-Item "env:$name" } }
    }
}

AfterAll { Remove-Module FlannelPS }

Describe 'Import-FlannelSubnetEnv' {
    BeforeEach { Set-Content -Path $TestDrive/subnet.env -Value $usual -NoNewline }

    It 'reads network, subnet, bridge address, MTU and masquerading' {
        $env = Import-FlannelSubnetEnv $TestDrive/subnet.env
        "$($env.Network) $($env.Subnet) $($env.Gateway) $($env.Mtu) $($env.IPMasquerade)" | Should -Be '10.42.0.0/16 10.42.72.0/24 10.42.72.1 1450 True'
        $env.IPv6Subnet | Should -BeNullOrEmpty
        $env.SourceFile | Should -Be "$TestDrive/subnet.env"
    }

    It 'reads both families, quotes, comments and export' {
        Set-Content $TestDrive/subnet.env "# c`nexport FLANNEL_SUBNET='10.1.2.1/24'", 'FLANNEL_IPV6_NETWORK=fd00:10::/48', 'FLANNEL_IPV6_SUBNET=fd00:10:0:2::1/64', 'FLANNEL_MTU="1430"'
        $env = Import-FlannelSubnetEnv $TestDrive/subnet.env
        "$($env.Subnet) $($env.IPv6Network) $($env.IPv6Subnet) $($env.IPv6Gateway) $($env.Mtu)" | Should -Be '10.1.2.0/24 fd00:10::/48 fd00:10:0:2::/64 fd00:10:0:2::1 1430'
    }

    It 'reads the default file' {
        Copy-Item $TestDrive/subnet.env /run/flannel/subnet.env
        (Import-FlannelSubnetEnv).SourceFile | Should -Be '/run/flannel/subnet.env'
        Remove-Item /run/flannel/subnet.env
    }

    It 'takes files from the pipeline, and patterns' {
        Set-Content $TestDrive/other.env ($usual -replace '72', '73')
        (Get-ChildItem $TestDrive/*.env | Import-FlannelSubnetEnv).Subnet.ForEach('ToString') | Should -Be '10.42.73.0/24', '10.42.72.0/24'
        @(Import-FlannelSubnetEnv $TestDrive/*.env).Count | Should -Be 2
        @(Import-FlannelSubnetEnv -LiteralPath $TestDrive/other.env, $TestDrive/subnet.env).Count | Should -Be 2
        ([pscustomobject]@{ SubnetFile = "$TestDrive/other.env" } | Import-FlannelSubnetEnv).Subnet.ToString() | Should -Be '10.42.73.0/24'
        @(Import-FlannelSubnetEnv $TestDrive/none*.env -ErrorAction Stop).Count | Should -Be 0
        Remove-Item $TestDrive/other.env
    }

    It 'sets the variables with -SetEnvironment, and none of them with -WhatIf' {
        $null = Import-FlannelSubnetEnv $TestDrive/subnet.env -SetEnvironment -WhatIf
        $env:FLANNEL_SUBNET | Should -BeNullOrEmpty
        $null = Import-FlannelSubnetEnv $TestDrive/subnet.env -SetEnvironment
        "$env:FLANNEL_NETWORK $env:FLANNEL_SUBNET $env:FLANNEL_MTU $env:FLANNEL_IPMASQ" | Should -Be '10.42.0.0/16 10.42.72.1/24 1450 true'
        Get-ChildItem env:FLANNEL_* | Remove-Item
    }

    It 'goes on with the next file after one that is not there' {
        $found = Import-FlannelSubnetEnv $TestDrive/none.env, $TestDrive/subnet.env -ErrorVariable problem -ErrorAction SilentlyContinue
        @($found).Count | Should -Be 1
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'FileNotFound,*'
        $problem[0].TargetObject | Should -Be "$TestDrive/none.env"
    }

    It 'refuses <Kind> with <Id>' -ForEach @(
        @{ Kind = 'a file without a subnet'; Id = 'FileInvalid'; Make = { param($path) Set-Content $path 'FLANNEL_MTU=1450' } }
        @{ Kind = 'a subnet that is none'; Id = 'FileInvalid'; Make = { param($path) Set-Content $path 'FLANNEL_SUBNET=10.1.2.300/24' } }
        @{ Kind = 'a symbolic link'; Id = 'FileUnsafe'; Make = { param($path) $null = New-Item -ItemType SymbolicLink $path -Target $TestDrive/subnet.env } }
        @{ Kind = 'a fifo'; Id = 'FileUnsafe'; Make = { param($path) mkfifo $path } }
        @{ Kind = 'a folder'; Id = 'FileUnsafe'; Make = { param($path) mkdir $path } }
        @{ Kind = 'a huge file'; Id = 'FileUnsafe'; Make = { param($path) truncate -s 1G $path } }
        @{ Kind = 'a file in place of a folder'; Id = 'FileNotFound'; Make = { param($path) }; Below = 'subnet.env/x' }
    ) {
        $path = "$TestDrive/$($Below ?? 'bad.env')"
        & $Make $path
        $null = Get-FailureOf { Import-FlannelSubnetEnv $path -ErrorAction Stop } $Id
        Remove-Item -Recurse $TestDrive/bad.env -ErrorAction Ignore
    }
}

Describe 'Export-FlannelSubnetEnv' {
    It 'writes what the original writes, byte for byte' {
        Export-FlannelSubnetEnv $TestDrive/a.env -Network 10.42.0.0/16 -Subnet 10.42.72.0/24 -Mtu 1450 -IPMasquerade
        Get-Bytes $TestDrive/a.env | Should -Be (Get-TextBytes $usual)
        stat -c %a $TestDrive/a.env | Should -Be 644
    }

    It 'writes both families' {
        Export-FlannelSubnetEnv $TestDrive/d.env -Network 10.42.0.0/16 -Subnet 10.42.72.0/24 -IPv6Network fd00:10::/48 -IPv6Subnet fd00:10:0:72::/64 -Mtu 1430
        Get-Bytes $TestDrive/d.env | Should -Be (Get-TextBytes "FLANNEL_NETWORK=10.42.0.0/16`nFLANNEL_SUBNET=10.42.72.1/24`nFLANNEL_IPV6_NETWORK=fd00:10::/48`nFLANNEL_IPV6_SUBNET=fd00:10:0:72::1/64`nFLANNEL_MTU=1430`nFLANNEL_IPMASQ=false`n")
    }

    It 'copies what Import-FlannelSubnetEnv read, and returns it with -PassThru' {
        Set-Content -Path $TestDrive/a.env -Value $usual -NoNewline
        $copied = Import-FlannelSubnetEnv $TestDrive/a.env | Export-FlannelSubnetEnv $TestDrive/new/folder/b.env -PassThru
        $copied.Subnet.ToString() | Should -Be '10.42.72.0/24'
        Get-Bytes $TestDrive/new/folder/b.env | Should -Be (Get-TextBytes $usual)
        stat -c %a $TestDrive/new/folder | Should -Be 755
    }

    It 'takes the subnet of what comes through the pipeline, and the file from a script block' {
        [pscustomobject]@{ Subnet = '10.42.1.0/24'; IPv6Subnet = $null; PublicIP = '192.0.2.1' }, [pscustomobject]@{ Subnet = '10.42.2.0/24'; IPv6Subnet = $null; PublicIP = '192.0.2.2' } |
            Export-FlannelSubnetEnv -Path { "$TestDrive/$($_.PublicIP).env" } -Network 10.42.0.0/16 -Mtu 1450
        Get-Content $TestDrive/192.0.2.2.env | Should -Contain 'FLANNEL_SUBNET=10.42.2.1/24'
        Get-Content $TestDrive/192.0.2.1.env | Should -Contain 'FLANNEL_SUBNET=10.42.1.1/24'
    }

    It 'does not write two hosts into one file' {
        '10.42.1.0/24', '10.42.2.0/24' | ForEach-Object { [pscustomobject]@{ Subnet = $_ } } |
            Export-FlannelSubnetEnv $TestDrive/two.env -Network 10.42.0.0/16 -Mtu 1450 -ErrorVariable problem -ErrorAction SilentlyContinue
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'ParameterConflict,*'
        Get-Content $TestDrive/two.env | Should -Contain 'FLANNEL_SUBNET=10.42.1.1/24'
    }

    It 'writes nothing with -WhatIf' {
        Export-FlannelSubnetEnv $TestDrive/whatif/x.env -Network 10.42.0.0/16 -Subnet 10.42.72.0/24 -Mtu 1450 -WhatIf
        Test-Path $TestDrive/whatif | Should -BeFalse
    }

    It 'leaves a file that is there alone with -NoClobber' {
        Set-Content $TestDrive/kept.env kept
        $null = Get-FailureOf { Export-FlannelSubnetEnv $TestDrive/kept.env -Network 10.42.0.0/16 -Subnet 10.42.72.0/24 -Mtu 1450 -NoClobber -ErrorAction Stop } FileExists
        Get-Content $TestDrive/kept.env | Should -Be kept
    }

    It 'does not write through <Kind>' -ForEach @(
        @{ Kind = 'a symbolic link'; Id = 'FileUnsafe'; Make = { $null = New-Item -ItemType SymbolicLink $TestDrive/l.env -Target $TestDrive/kept.env } }
        @{ Kind = 'a second name of a file'; Id = 'FileUnsafe'; Make = { $null = New-Item -ItemType HardLink $TestDrive/l.env -Target $TestDrive/kept.env } }
        @{ Kind = 'a folder that anybody can write to'; Id = 'FileUnsafe'; Make = { $null = mkdir $TestDrive/open; chmod 777 $TestDrive/open }; Place = 'open/l.env' }
        @{ Kind = 'a file where a folder belongs'; Id = 'FileNotWritten'; Make = { }; Place = 'kept.env/l.env' }
    ) {
        Set-Content $TestDrive/kept.env kept
        & $Make
        $path = "$TestDrive/$($Place ?? 'l.env')"
        $null = Get-FailureOf { Export-FlannelSubnetEnv $path -Network 10.42.0.0/16 -Subnet 10.42.72.0/24 -Mtu 1450 -ErrorAction Stop } $Id
        Get-Content $TestDrive/kept.env | Should -Be kept
        Remove-Item -Recurse -Force $TestDrive/l.env, $TestDrive/open -ErrorAction Ignore
    }

    It 'refuses <Kind>' -ForEach @(
        @{ Kind = 'host bits, and names the network'; Values = @{ Network = '10.42.0.0/16'; Subnet = '10.42.72.1/24' }; Message = '10\.42\.72\.0/24' }
        @{ Kind = 'a subnet outside the network'; Values = @{ Network = '10.42.0.0/16'; Subnet = '10.43.72.0/24' }; Message = 'does not lie' }
        @{ Kind = 'text that is no network'; Values = @{ Network = 'ten'; Subnet = '10.42.72.0/24' }; Message = "'ten' is no IPv4 network" }
        @{ Kind = 'an IPv6 network for IPv4'; Values = @{ Network = 'fd00::/48'; Subnet = '10.42.72.0/24' }; Message = 'no IPv4' }
        @{ Kind = 'a subnet without hosts'; Values = @{ Network = '10.42.0.0/16'; Subnet = '10.42.72.0/31' }; Message = 'no room' }
    ) {
        (Get-FailureOf { Export-FlannelSubnetEnv $TestDrive/no.env @Values -Mtu 1450 -ErrorAction Stop } SubnetInvalid).Exception.Message | Should -Match $Message
        Test-Path $TestDrive/no.env | Should -BeFalse
    }

    It 'wants both of IPv6 or none' {
        $null = Get-FailureOf { Export-FlannelSubnetEnv $TestDrive/no.env -Network 10.42.0.0/16 -Subnet 10.42.72.0/24 -IPv6Network fd00::/48 -Mtu 1450 -ErrorAction Stop } ParameterConflict
    }

    Context 'of a node' {
        BeforeAll {
            $etcd = Start-LabEtcd
            Set-LabKey $etcd /coreos.com/network/config '{"Network":"10.42.0.0/16","Backend":{"Type":"vxlan"}}' 0
            $lan = New-LabHost 2
            $peer = Start-LabPeer $lan $etcd.Remote '--ip-masq'
        }

        AfterAll {
            Remove-LabHost 2
            $etcd | Stop-LabEtcd
        }

        It 'writes what the node itself wrote' {
            Export-FlannelSubnetEnv $TestDrive/node.env -Name h2
            Get-Bytes $TestDrive/node.env | Should -Be (Get-Bytes /run/flannel/h2.env)
            Get-Content $TestDrive/node.env | Should -Contain 'FLANNEL_IPMASQ=true'
        }

        It 'takes the node from the pipeline' {
            Get-FlannelNode h2 | Export-FlannelSubnetEnv $TestDrive/piped.env
            Get-Bytes $TestDrive/piped.env | Should -Be (Get-Bytes /run/flannel/h2.env)
        }

        It 'gives Docker the options of the node from the pipeline' {
            Get-FlannelNode h2 | Export-FlannelDockerOption $TestDrive/node.opts -Combined
            Get-Content $TestDrive/node.opts | Should -Match '^DOCKER_OPTS=" --bip=10\.42\.\d+\.1/24 --ip-masq=false --mtu=1450"$'
        }

        It 'writes a lease of the store, with the network given' {
            Get-FlannelLease -PublicIP 198.18.0.12 | Export-FlannelSubnetEnv $TestDrive/lease.env -Network 10.42.0.0/16 -Mtu 1450 -IPMasquerade
            Get-Bytes $TestDrive/lease.env | Should -Be (Get-Bytes /run/flannel/h2.env)
        }

        It 'completes names of nodes' {
            $line = 'Export-FlannelSubnetEnv -Name h'
            (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Contain h2
        }

        It 'says of a node that does not run that it does not' {
            $null = Get-FailureOf { Export-FlannelSubnetEnv $TestDrive/no.env -Name nobody -ErrorAction Stop } NodeNotRunning
            $null = Get-FailureOf { Export-FlannelSubnetEnv $TestDrive/no.env -Name '../x' -ErrorAction Stop } NodeNotFound
            Test-Path $TestDrive/no.env | Should -BeFalse
        }

        It 'says of a node that has no lease yet what it waits for' {
            Set-LabKey $etcd /other/config '{"Network":"10.43.0.0/16","Backend":{"Type":"nonsense"}}' 0
            $lan = New-LabHost 3
            $waiting = Start-Process ip @('netns', 'exec', 'h3', "$env:FLANNELPS_MODULE/runtimes/linux-x64/native/flannelpsd", '--name=h3', '--etcd-prefix=/other', '--subnet-file=/run/flannel/h3.env', "--etcd-endpoints=$($etcd.Remote)") -PassThru -RedirectStandardError /dev/null -RedirectStandardOutput /tmp/h3.out
            Wait-Until { Test-Path /run/flannelps/h3.sock }
            $null = Get-FailureOf { Export-FlannelSubnetEnv $TestDrive/no.env -Name h3 -ErrorAction Stop } LeaseNotFound
            Remove-LabHost 3
        }
    }
}

Describe 'Get-FlannelDockerOption' {
    BeforeAll { Set-Content -Path $TestDrive/subnet.env -Value $usual -NoNewline }

    It 'computes address, masquerading and MTU of Docker''s bridge' {
        $options = Get-FlannelDockerOption -SubnetFile $TestDrive/subnet.env
        "$($options.BridgeIP) $($options.IPMasquerade) $($options.Mtu)" | Should -Be '10.42.72.1/24 False 1450'
        $options.Option | Should -Be '--bip=10.42.72.1/24', '--ip-masq=false', '--mtu=1450'
        "$options" | Should -Be '--bip=10.42.72.1/24 --ip-masq=false --mtu=1450'
    }

    It 'computes the same from an object' {
        "$(Import-FlannelSubnetEnv $TestDrive/subnet.env | Get-FlannelDockerOption)" | Should -Be '--bip=10.42.72.1/24 --ip-masq=false --mtu=1450'
    }

    It 'leaves masquerading to Docker with -NoIPMasquerade' {
        (Get-FlannelDockerOption -SubnetFile $TestDrive/subnet.env -NoIPMasquerade).IPMasquerade | Should -BeNullOrEmpty
    }

    It 'says that there is no file' {
        $null = Get-FailureOf { Get-FlannelDockerOption -SubnetFile $TestDrive/none -ErrorAction Stop } FileNotFound
    }

    It 'takes no <Variable> that is <Value>' -ForEach @(
        @{ Variable = 'FLANNEL_IPMASQ'; Value = 'yes' }
        @{ Variable = 'FLANNEL_SUBNET'; Value = '$(reboot)' }
        @{ Variable = 'FLANNEL_MTU'; Value = '1450;reboot' }
    ) {
        Set-Content $TestDrive/bad.env "$Variable=$Value"
        (Get-FailureOf { Get-FlannelDockerOption -SubnetFile $TestDrive/bad.env -ErrorAction Stop } FileInvalid).Exception.Message | Should -Match $Variable
        $null = Get-FailureOf { Export-FlannelDockerOption $TestDrive/bad.out -SubnetFile $TestDrive/bad.env -ErrorAction Stop } FileInvalid
        Test-Path $TestDrive/bad.out | Should -BeFalse
    }
}

Describe 'Export-FlannelDockerOption' {
    It 'writes <Expected>' -ForEach @(
        @{ Parameters = @{}; Expected = "DOCKER_OPT_BIP=`"--bip=10.42.72.1/24`"`nDOCKER_OPT_IPMASQ=`"--ip-masq=false`"`nDOCKER_OPT_MTU=`"--mtu=1450`"`nDOCKER_OPTS=`" --bip=10.42.72.1/24 --ip-masq=false --mtu=1450`"`n" }
        @{ Parameters = @{ Individual = $true }; Expected = "DOCKER_OPT_BIP=`"--bip=10.42.72.1/24`"`nDOCKER_OPT_IPMASQ=`"--ip-masq=false`"`nDOCKER_OPT_MTU=`"--mtu=1450`"`n" }
        @{ Parameters = @{ Combined = $true }; Expected = "DOCKER_OPTS=`" --bip=10.42.72.1/24 --ip-masq=false --mtu=1450`"`n" }
        @{ Parameters = @{ Combined = $true; CombinedKey = 'X'; NoIPMasquerade = $true }; Expected = "X=`" --bip=10.42.72.1/24 --mtu=1450`"`n" }
    ) {
        Set-Content -Path $TestDrive/subnet.env -Value $usual -NoNewline
        $file = Export-FlannelDockerOption $TestDrive/docker.env -SubnetFile $TestDrive/subnet.env @Parameters -PassThru
        $file.FullName | Should -Be "$TestDrive/docker.env"
        Get-Bytes $TestDrive/docker.env | Should -Be (Get-TextBytes $Expected)
    }

    It 'keeps what the combined variable held, and takes options that are set' {
        Use-Environment @{ DOCKER_OPTS = '--debug'; DOCKER_OPT_A = '--a' } { Export-FlannelDockerOption $TestDrive/docker.env -SubnetFile $TestDrive/subnet.env }
        (Get-Content $TestDrive/docker.env)[0] | Should -Be 'DOCKER_OPT_A="--a"'
        (Get-Content $TestDrive/docker.env)[-1] | Should -Be 'DOCKER_OPTS="--debug  --a --bip=10.42.72.1/24 --ip-masq=false --mtu=1450"'
    }

    It 'leaves a value out that would be something else in the file, and says so' {
        Use-Environment @{ DOCKER_OPT_A = 'a"b'; DOCKER_OPTS = '`reboot`' } { Export-FlannelDockerOption $TestDrive/docker.env -SubnetFile $TestDrive/subnet.env -Combined -WarningVariable warnings -WarningAction SilentlyContinue; $script:warned = $warnings }
        Get-Content $TestDrive/docker.env | Should -Be 'DOCKER_OPTS=" --bip=10.42.72.1/24 --ip-masq=false --mtu=1450"'
        $warned.Count | Should -Be 2
    }

    It 'writes a file without options, as the script does, while there is no subnet file, and warns' {
        Export-FlannelDockerOption $TestDrive/docker.env -SubnetFile $TestDrive/none -WarningVariable warnings -WarningAction SilentlyContinue
        Get-Bytes $TestDrive/docker.env | Should -Be (Get-TextBytes "DOCKER_OPTS=`"`"`n")
        "$warnings" | Should -Match 'no such file'
    }

    It 'takes the options and the subnet from the pipeline' {
        Get-FlannelDockerOption -SubnetFile $TestDrive/subnet.env | Export-FlannelDockerOption $TestDrive/docker.env -Combined
        Get-Content $TestDrive/docker.env | Should -Be 'DOCKER_OPTS=" --bip=10.42.72.1/24 --ip-masq=false --mtu=1450"'
        Import-FlannelSubnetEnv $TestDrive/subnet.env | Export-FlannelDockerOption $TestDrive/docker.env -Individual -NoIPMasquerade
        Get-Content $TestDrive/docker.env | Should -Be 'DOCKER_OPT_BIP="--bip=10.42.72.1/24"', 'DOCKER_OPT_MTU="--mtu=1450"'
    }

    It 'writes nothing with -WhatIf, and not over a file with -NoClobber' {
        Export-FlannelDockerOption $TestDrive/no.env -SubnetFile $TestDrive/subnet.env -WhatIf
        Test-Path $TestDrive/no.env | Should -BeFalse
        $null = Get-FailureOf { Export-FlannelDockerOption $TestDrive/docker.env -SubnetFile $TestDrive/subnet.env -NoClobber -ErrorAction Stop } FileExists
    }

    It 'says that the own subnet is routed elsewhere, and has written the file' {
        Invoke-Checked ip route add 10.42.72.0/24 via 198.18.0.1
        $failure = Get-FailureOf { Export-FlannelDockerOption $TestDrive/routed.env -SubnetFile $TestDrive/subnet.env -ErrorAction Stop } RouteConflict
        Invoke-Checked ip route del 10.42.72.0/24
        $failure.Exception.Message | Should -Match '198\.18\.0\.1'
        Test-Path $TestDrive/routed.env | Should -BeTrue
    }

    It 'takes no name of a variable that is none' {
        { Export-FlannelDockerOption $TestDrive/no.env -CombinedKey 'A B' } | Should -Throw -ErrorId 'ParameterArgumentValidationError,*'
    }

    Context 'beside the original''s script' {
        It 'writes the same bytes: <Name>' -ForEach $cases {
            if (-not ($env:MK_DOCKER_OPTS -and (Test-Path $env:MK_DOCKER_OPTS))) { Set-ItResult -Skipped -Because 'MK_DOCKER_OPTS does not name the original''s mk-docker-opts.sh: its output is compared with golden texts only' }
            Set-Content -Path $TestDrive/s.env -Value $Text -NoNewline
            Remove-Item $TestDrive/theirs, $TestDrive/ours -ErrorAction Ignore
            Use-Environment $Variables {
                $null = sh $env:MK_DOCKER_OPTS -f $TestDrive/s.env -d $TestDrive/theirs @Flags 2>&1
                Export-FlannelDockerOption $TestDrive/ours -SubnetFile $TestDrive/s.env @Parameters
            }
            Get-Bytes $TestDrive/ours | Should -Be (Get-Bytes $TestDrive/theirs)
        }
    }
}

Describe 'New-FlannelCniConfig and Export-FlannelCniConfig' {
    It 'makes the list that flannel brings' {
        $config = New-FlannelCniConfig -PortMap | Export-FlannelCniConfig -PassThru
        $config.FullName | Should -Be /etc/cni/net.d/10-flannel.conflist
        $json = Get-Content $config -Raw
        $json | Should -Be (@(
                '{', '  "name": "cbr0",', '  "cniVersion": "0.3.1",', '  "plugins": [', '    {', '      "type": "flannel",', '      "delegate": {', '        "hairpinMode": true,', '        "isDefaultGateway": true', '      }', '    },'
                '    {', '      "type": "portmap",', '      "capabilities": {', '        "portMappings": true', '      }', '    }', '  ]', '}', ''
            ) -join "`n")
        stat -c %a $config | Should -Be 644
    }

    It 'makes one plugin where the file is named .<Extension>' -ForEach @{ Extension = 'conf' }, @{ Extension = 'json' } {
        New-FlannelCniConfig overlay -CniVersion 1.0.0 -SubnetFile /run/flannel/two.env -DataDirectory /var/lib/cni/two -Delegate @{ bridge = 'cni1'; mtu = 1400 } -Ipam @{ routes = @(@{ dst = '0.0.0.0/0' }) } |
            Export-FlannelCniConfig $TestDrive/10-flannel.$Extension
        $json = Get-Content $TestDrive/10-flannel.$Extension -Raw | ConvertFrom-Json
        "$($json.name) $($json.cniVersion) $($json.type) $($json.subnetFile) $($json.dataDir) $($json.delegate.bridge) $($json.delegate.mtu) $($json.ipam.routes[0].dst)" |
            Should -Be 'overlay 1.0.0 flannel /run/flannel/two.env /var/lib/cni/two cni1 1400 0.0.0.0/0'
        $json.plugins | Should -BeNullOrEmpty
    }

    It 'takes the subnet file of a node, and writes no delegate where none is wanted' {
        $config = [pscustomobject]@{ SubnetFile = '/run/flannel/two.env' } | New-FlannelCniConfig -Delegate @{}
        "$config" | Should -Match '"subnetFile": "/run/flannel/two.env"'
        "$config" | Should -Not -Match delegate
    }

    It 'writes every kind of value as JSON has it, and a hashtable the same way each time' {
        $delegate = @{ z = $true; a = 1; m = [ordered]@{ z = 1.5; a = $null }; list = 1, 'two', $false; address = [ipaddress]'192.0.2.1'; object = [pscustomobject]@{ x = 'é"\' }; one = @('x') }
        $texts = 1..3 | ForEach-Object { (New-FlannelCniConfig -Delegate $delegate).ToConf() }
        ($texts | Select-Object -Unique).Count | Should -Be 1
        $read = ($texts[0] | ConvertFrom-Json).delegate
        @($read.PSObject.Properties.Name) | Should -Be 'a', 'address', 'list', 'm', 'object', 'one', 'z'
        @($read.m.PSObject.Properties.Name) | Should -Be 'z', 'a'
        $read.object.x | Should -Be 'é"\'
        $read.list | Should -Be 1, 'two', $false
        , $read.one | Should -BeOfType [array]
        $read.m.z | Should -Be 1.5
    }

    It 'refuses <Kind>' -ForEach @(
        @{ Kind = 'a name in the delegate'; Parameters = @{ Delegate = @{ name = 'x' } } }
        @{ Kind = 'addresses in the delegate'; Parameters = @{ Delegate = @{ ipam = @{} } } }
        @{ Kind = 'a type that is no text'; Parameters = @{ Ipam = @{ type = 1 } } }
        @{ Kind = 'a script block'; Parameters = @{ Delegate = @{ x = { } } } }
        @{ Kind = 'a number that is none'; Parameters = @{ Delegate = @{ x = [double]::NaN } } }
        @{ Kind = 'a path that is relative'; Parameters = @{ SubnetFile = 'subnet.env' } }
    ) {
        $null = Get-FailureOf { New-FlannelCniConfig @Parameters } CniConfigInvalid
    }

    It 'refuses a table that holds itself' {
        $table = @{}; $table.x = $table
        $null = Get-FailureOf { New-FlannelCniConfig -Delegate $table } CniConfigInvalid
    }

    It 'refuses a name that the runtime would refuse' {
        { New-FlannelCniConfig 'a/b' } | Should -Throw -ErrorId 'ParameterArgumentValidationError,*'
    }

    It 'does not put two plugins into a .conf, nor write with -WhatIf, over a file with -NoClobber, or through a link' {
        $null = Get-FailureOf { New-FlannelCniConfig -PortMap | Export-FlannelCniConfig $TestDrive/two.conf -ErrorAction Stop } ParameterConflict
        New-FlannelCniConfig | Export-FlannelCniConfig $TestDrive/two.conf -WhatIf
        Test-Path $TestDrive/two.conf | Should -BeFalse
        Set-Content $TestDrive/there.conf there
        $null = Get-FailureOf { New-FlannelCniConfig | Export-FlannelCniConfig $TestDrive/there.conf -NoClobber -ErrorAction Stop } FileExists
        $null = New-Item -ItemType SymbolicLink $TestDrive/link.conf -Target $TestDrive/there.conf
        $null = Get-FailureOf { New-FlannelCniConfig | Export-FlannelCniConfig $TestDrive/link.conf -ErrorAction Stop } FileUnsafe
        Get-Content $TestDrive/there.conf | Should -Be there
    }

    It 'warns of a name that no runtime reads' {
        New-FlannelCniConfig | Export-FlannelCniConfig $TestDrive/flannel.txt -WarningVariable warnings -WarningAction SilentlyContinue
        "$warnings" | Should -Match 'conflist'
    }
}
