BeforeAll {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1 -Force
    $etcd = Start-LabEtcd
    Set-LabKey $etcd /coreos.com/network/config '{"Network":"10.42.0.0/16","Backend":{"Type":"vxlan"}}'
}

AfterAll {
    Get-FlannelNode | Stop-FlannelNode -Force
    $etcd | Stop-LabEtcd
}

Describe 'Start-FlannelNode' {
    AfterEach {
        Get-FlannelNode | Where-Object State -NE Stopped | Stop-FlannelNode
        Get-FlannelNode | Reset-FlannelNode -Force
    }

    It 'returns a node that is ready' {
        $node = Start-FlannelNode
        $node.State | Should -Be 'Ready'
        $node.Name | Should -Be 'flannel'
        $node.HostType | Should -Be 'Detached'
        "$($node.Subnet)" | Should -Match '^10\.42\.\d+\.0/24$'
        "$($node.PublicIP)" | Should -Be '198.18.0.11'
        $node.Interface | Should -Be 'eth0'
        $node.Mtu | Should -Be 1450
        Get-Content /run/flannel/subnet.env | Should -Contain 'FLANNEL_MTU=1450'
        (Get-FlannelLease).Subnet | Should -Be $node.Subnet
    }

    It 'gives the running node, with a warning, when it is started twice' {
        $first = Start-FlannelNode
        $second = Start-FlannelNode -WarningVariable warning -WarningAction SilentlyContinue
        $second.Id | Should -Be $first.Id
        $warning | Should -Match 'runs already'
    }

    It 'F93: changes nothing at all with -WhatIf' {
        Start-FlannelNode -WhatIf
        Get-FlannelNode | Should -BeNullOrEmpty
        Get-FlannelLease | Should -BeNullOrEmpty
        ip -o link show type vxlan | Should -BeNullOrEmpty
    }

    It 'takes the options of flanneld by their own names too' {
        $node = Start-FlannelNode -Name second -iface eth0 -subnet-file /run/flannel/second.env -public-ip 192.0.2.7 -ip-masq -subnet-lease-ttl 60
        $node.Name | Should -Be 'second'
        "$($node.PublicIP)" | Should -Be '192.0.2.7'
        $node.SubnetFile | Should -Be '/run/flannel/second.env'
        Get-Content /run/flannel/second.env | Should -Contain 'FLANNEL_IPMASQ=true'
        (Get-FlannelLease).TimeToLive.TotalSeconds | Should -BeLessOrEqual 60
    }

    It 'takes what is not given from -ConfigPath, and a parameter before the file' {
        Set-Content /run/flannel/node.conf "FLANNELD_SUBNET_FILE=/run/flannel/third.env`n# a comment`nFLANNELD_PUBLIC_IP=`"192.0.2.8`"`nFLANNELD_IFACE=eth0"
        $node = Start-FlannelNode -ConfigPath /run/flannel/node.conf -PublicIP 192.0.2.9
        $node.SubnetFile | Should -Be '/run/flannel/third.env'
        "$($node.PublicIP)" | Should -Be '192.0.2.9'
    }

    It 'says why the node does not come up, within the time-out' {
        $failure = Get-FailureOf { Start-FlannelNode -Interface nosuch0 -TimeoutSeconds 1 } NodeStartTimeout
        $failure.Exception.Message | Should -Match 'nosuch0'
    }

    It 'says why the daemon ended: <Case>' -ForEach @(
        @{ Case = 'another node has the subnet file'; Parameters = @{ Name = 'other'; SubnetFile = '/run/flannel/subnet.env' }; Reason = 'subnet file' }
        @{ Case = 'a certificate that is not there'; Parameters = @{ Name = 'other'; Endpoint = 'https://127.0.0.1:2379'; CACertificatePath = '/nowhere/ca.pem' }; Reason = '/nowhere/ca.pem' }
    ) {
        $null = Start-FlannelNode
        (Get-FailureOf { Start-FlannelNode @Parameters } NodeStartFailed).Exception.Message | Should -Match $Reason
    }

    It 'F83: refuses <Case> before anything is started' -ForEach @(
        @{ Case = 'a name with a slash'; Parameters = @{ Name = '../x' }; Id = 'ParameterArgumentValidationError' }
        @{ Case = 'a subnet file that is a folder'; Parameters = @{ SubnetFile = '/run/' }; Id = 'NodeOptionInvalid' }
        @{ Case = 'an IPv6 address for -PublicIP'; Parameters = @{ PublicIP = '2001:db8::1' }; Id = 'NodeOptionInvalid' }
    ) {
        { Start-FlannelNode @Parameters } | Should -Throw -ErrorId "$Id,FlannelPS.Commands.StartFlannelNodeCommand"
        Get-FlannelNode | Should -BeNullOrEmpty
    }

    It 'F83: waits with its reason for an interface of the name <_>, and starts no shell' -ForEach 'a/b', "x`ny", 'x; touch /run/flannel/hacked' {
        $null = Get-FailureOf { Start-FlannelNode -Interface $_ -TimeoutSeconds 1 } NodeStartTimeout
        Test-Path /run/flannel/hacked | Should -BeFalse
    }

    It 'F84: shows no password in the process list, the log or an error' {
        $credential = [pscredential]::new('user', (ConvertTo-SecureString 'canary-7f3a' -AsPlainText -Force))
        $failure = Get-FailureOf { Start-FlannelNode -Endpoint http://127.0.0.1:9 -Credential $credential -TimeoutSeconds 1 } NodeStartTimeout
        ($failure | Format-List * -Force | Out-String) | Should -Not -Match 'canary-7f3a'
        (Get-Content /proc/[0-9]*/cmdline -ErrorAction Ignore) -join ' ' | Should -Not -Match 'canary-7f3a'
        Get-Content /var/log/flannelps/*.log -Raw | Should -Not -Match 'canary-7f3a'
    }

    It 'outlives the shell that started it' {
        $first = pwsh -NoProfile -Command "Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1; (Start-FlannelNode).Id"
        Start-Sleep -Milliseconds 200
        (Get-FlannelNode flannel).Id | Should -Be $first
    }

    It 'F90: leaves nothing half started behind a Ctrl+C' {
        $shell = [powershell]::Create().AddScript("Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1; Start-FlannelNode -Interface nosuch0")
        $null = $shell.BeginInvoke()
        Wait-Until { Get-FlannelNode flannel -ErrorAction Ignore }
        $clock = [Diagnostics.Stopwatch]::StartNew()
        $shell.Stop()
        $clock.Elapsed.TotalSeconds | Should -BeLessThan 1
        Wait-Until { (Get-FlannelNode flannel -ErrorAction Ignore).State -in 'Stopped', $null }
    }

    Context 'in the session' {
        It '-Wait keeps the node until SIGTERM, and then ends in order' {
            $process = Start-Process pwsh '-NoProfile', '-Command', "Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1; Start-FlannelNode -Wait | ForEach-Object Name; 'ended in order'" -PassThru -RedirectStandardOutput /run/flannel/out
            $node = Wait-FlannelNode -TimeoutSeconds 20
            $node.HostType | Should -Be 'Session'
            $node.Id | Should -Be $process.Id
            kill $process.Id
            $process.WaitForExit(3000) | Should -BeTrue
            Get-Content /run/flannel/out | Should -Be 'flannel', 'ended in order'
            (Get-FlannelNode flannel).State | Should -Be 'Stopped'
            ip -o link show type vxlan | Should -Not -BeNullOrEmpty -Because 'the data path stays'
        }

        It '-Wait ends within a second of Ctrl+C' {
            $shell = [powershell]::Create().AddScript("Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1; Start-FlannelNode -Wait")
            $null = $shell.BeginInvoke()
            $null = Wait-FlannelNode -TimeoutSeconds 20
            $clock = [Diagnostics.Stopwatch]::StartNew()
            $shell.Stop()
            $clock.Elapsed.TotalSeconds | Should -BeLessThan 1
            (Get-FlannelNode flannel).State | Should -Be 'Stopped'
        }

        It '-AsJob gives a job that holds the node, and Stop-Job ends it' {
            $job = Start-FlannelNode -AsJob
            $job | Should -BeOfType ([System.Management.Automation.Job])
            (Wait-FlannelNode).HostType | Should -Be 'Session'
            Wait-Until { $job.HasMoreData }
            (Receive-Job $job).Name | Should -Contain 'flannel'
            $job | Stop-Job
            $job.State | Should -Be 'Stopped'
            (Get-FlannelNode flannel).State | Should -Be 'Stopped'
            $job | Remove-Job
        }

        It 'says why, where it cannot run' {
            $null = Start-FlannelNode
            (Get-FailureOf { Start-FlannelNode -Name other -SubnetFile /run/flannel/subnet.env -Wait } NodeStartFailed).Exception.Message | Should -Match 'subnet file'
        }

        It 'cannot be restarted from outside' {
            $job = Start-FlannelNode -AsJob
            $null = Wait-FlannelNode
            $null = Get-FailureOf { Restart-FlannelNode flannel -ErrorAction Stop } NodeInSession
            $job | Stop-Job -PassThru | Remove-Job
        }
    }

    Context 'from a module that an installer has damaged' {
        AfterEach { Remove-Item -Recurse "$TestDrive/FlannelPS", /usr/local/lib/flannelps/* -ErrorAction Ignore }

        It 'runs in PowerShell where the module has no native daemon for the machine' {
            Copy-Item -Recurse $env:FLANNELPS_MODULE "$TestDrive/FlannelPS"
            Remove-Item -Recurse "$TestDrive/FlannelPS/runtimes"
            $state = pwsh -NoProfile -Command "Import-Module $TestDrive/FlannelPS/FlannelPS.psd1; (Start-FlannelNode -WarningAction SilentlyContinue).State; Get-FlannelNode | Stop-FlannelNode"
            $state | Should -Be 'Ready'
        }

        It 'does so in PowerShell as a .NET tool too, whose process is called dotnet' {
            if (-not (Get-Command dotnet -ErrorAction Ignore)) { Set-ItResult -Skipped -Because 'dotnet is not on the path'; return }
            Copy-Item -Recurse $env:FLANNELPS_MODULE "$TestDrive/FlannelPS"
            Remove-Item -Recurse "$TestDrive/FlannelPS/runtimes"
            $state = dotnet "$PSHOME/pwsh.dll" -NoProfile -Command "Import-Module $TestDrive/FlannelPS/FlannelPS.psd1; (Start-FlannelNode -WarningAction SilentlyContinue -TimeoutSeconds 20).State; Get-FlannelNode | Stop-FlannelNode"
            $state | Should -Be 'Ready'
        }

        It 'makes a copy of the daemon that can be executed where an installer lost its mode' {
            Copy-Item -Recurse $env:FLANNELPS_MODULE "$TestDrive/FlannelPS"
            chmod -x "$TestDrive/FlannelPS/runtimes/linux-x64/native/flannelpsd"
            $state = pwsh -NoProfile -Command "Import-Module $TestDrive/FlannelPS/FlannelPS.psd1; (Start-FlannelNode).State; Get-FlannelNode | Stop-FlannelNode"
            $state | Should -Be 'Ready'
        }
    }
}

Describe 'Stop-, Restart-, Wait- and Reset-FlannelNode' {
    AfterEach {
        Get-FlannelNode | Where-Object State -NE Stopped | Stop-FlannelNode
        Get-FlannelNode | Reset-FlannelNode -Force
    }

    It 'D8: stopping leaves device, file and lease' {
        $node = Start-FlannelNode
        $node | Stop-FlannelNode -PassThru | ForEach-Object State | Should -Be 'Stopped'
        ip -o link show flannel.1 | Should -Not -BeNullOrEmpty
        Test-Path /run/flannel/subnet.env | Should -BeTrue
        (Get-FlannelLease).Subnet | Should -Be $node.Subnet
    }

    It 'stops by name, by pattern and from the pipeline, and a stopped one again without an error' {
        $null = Start-FlannelNode
        Stop-FlannelNode flan* -ErrorAction Stop
        Get-FlannelNode | Stop-FlannelNode -ErrorAction Stop
        (Get-FlannelNode flannel).State | Should -Be 'Stopped'
    }

    It 'F93: -WhatIf stops and removes nothing' {
        $node = Start-FlannelNode
        Stop-FlannelNode flannel -Cleanup -WhatIf
        Restart-FlannelNode flannel -WhatIf
        (Get-FlannelNode flannel).Id | Should -Be $node.Id
        Stop-FlannelNode flannel
        Reset-FlannelNode -WhatIf
        Reset-FlannelNode -Force -WhatIf
        ip -o link show flannel.1 | Should -Not -BeNullOrEmpty
        Get-FlannelLease | Should -Not -BeNullOrEmpty
    }

    It '-Cleanup removes device, file, state and lease' {
        $null = Start-FlannelNode
        Stop-FlannelNode flannel -Cleanup
        ip -o link show type vxlan | Should -BeNullOrEmpty
        Test-Path /run/flannel/subnet.env | Should -BeFalse
        Get-FlannelLease | Should -BeNullOrEmpty
        Get-FlannelNode | Should -BeNullOrEmpty
    }

    It '-Force ends a process that does not answer' {
        $node = Start-FlannelNode
        kill -STOP $node.Id
        $null = Get-FailureOf { Stop-FlannelNode flannel -TimeoutSeconds 1 -ErrorAction Stop } NodeNotResponding
        (Get-FlannelNode flannel).State | Should -Be 'Unreachable'
        Stop-FlannelNode flannel -TimeoutSeconds 1 -Force -ErrorAction Stop
        (Get-FlannelNode flannel).State | Should -Be 'Stopped'
    }

    It 'restarts with what it was started with' {
        $before = Start-FlannelNode -Name second -SubnetFile /run/flannel/second.env -PublicIP 192.0.2.7 -Interface eth0
        $after = Restart-FlannelNode second -PassThru
        $after.Id | Should -Not -Be $before.Id
        "$($after.Subnet)" | Should -Be "$($before.Subnet)"
        "$($after.PublicIP)" | Should -Be '192.0.2.7'
        $after.SubnetFile | Should -Be '/run/flannel/second.env'
    }

    It 'says of a node that does not run that it cannot be restarted' {
        $null = Start-FlannelNode
        Stop-FlannelNode flannel
        $null = Get-FailureOf { Restart-FlannelNode flannel -ErrorAction Stop } NodeNotRunning
    }

    It 'resets what a stopped node left, and tells what' {
        $null = Start-FlannelNode
        $null = Get-FailureOf { Reset-FlannelNode -Force -ErrorAction Stop } NodeAlreadyRunning
        Stop-FlannelNode flannel
        $removed = Get-FlannelNode | Reset-FlannelNode -Force -PassThru
        $removed.Removed -join "`n" | Should -Match 'flannel\.1'
        ip -o link show type vxlan | Should -BeNullOrEmpty
        Get-FlannelLease | Should -BeNullOrEmpty
    }

    It 'warns of a lease that stays because its store is not the one that was asked' {
        $null = Start-FlannelNode
        Stop-FlannelNode flannel
        Reset-FlannelNode -Force -Endpoint http://127.0.0.1:9 -WarningVariable warning -WarningAction SilentlyContinue
        $warning | Should -Match 'did not release the lease .*ends by itself'
        Get-FlannelLease | Remove-FlannelLease -Force
    }

    It 'waits for a state, and says what it waits for when time is up' {
        $failure = Get-FailureOf { Wait-FlannelNode -TimeoutSeconds 1 -ErrorAction Stop } WaitTimeout
        $failure.Exception.Message | Should -Match 'Stopped'
        $null = Start-FlannelNode
        (Wait-FlannelNode).IsReady | Should -BeTrue
        Stop-FlannelNode flannel
        (Wait-FlannelNode -State Stopped -TimeoutSeconds 5).State | Should -Be 'Stopped'
    }

    It 'F90: ends waiting within a second of Ctrl+C' {
        $shell = [powershell]::Create().AddScript("Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1; Wait-FlannelNode")
        $null = $shell.BeginInvoke()
        Start-Sleep -Milliseconds 700
        $clock = [Diagnostics.Stopwatch]::StartNew()
        $shell.Stop()
        $clock.Elapsed.TotalSeconds | Should -BeLessThan 1
    }

    It 'says of a name that no node has that there is none: <_>' -ForEach 'Get-FlannelNode', 'Stop-FlannelNode', 'Restart-FlannelNode' {
        $command = $_
        $null = Get-FailureOf { & $command nosuch -ErrorAction Stop } NodeNotFound
        & $command nosuch* -ErrorAction Stop | Should -BeNullOrEmpty
    }
}

Describe 'without root' {
    BeforeAll {
        $module = $env:FLANNELPS_MODULE
        function Invoke-AsNobody([string] $Script) { setpriv --reuid=65534 --regid=65534 --clear-groups pwsh -NoProfile -Command "`$ErrorActionPreference = 'Continue'; `$env:HOME = '/tmp'; Import-Module $module/FlannelPS.psd1; try { $Script } catch { `$_.FullyQualifiedErrorId }" }
    }

    It 'starting says that root is needed' {
        Invoke-AsNobody 'Start-FlannelNode -ErrorAction Stop' | Should -BeLike 'PrivilegeRequired,*'
    }

    It 'another user''s node says that it may not be asked' {
        $null = Start-FlannelNode
        Invoke-AsNobody 'Stop-FlannelNode flannel -ErrorAction Stop' | Should -BeLike 'PrivilegeRequired,*'
        (Get-FlannelNode flannel).State | Should -Be 'Ready'
    }
}
