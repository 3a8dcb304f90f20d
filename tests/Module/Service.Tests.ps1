# Services need systemd as process 1: one script under a real one looks at everything once, and the tests say what it must have seen.
BeforeDiscovery {
    Import-Module $PSScriptRoot/Systemd.psm1 -Force
    $script:why = Get-SystemdProblem
}

BeforeAll {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    Import-Module $PSScriptRoot/Systemd.psm1 -Force
    Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1 -Force
}

AfterAll { Remove-Module FlannelPS }

Describe 'Services, where systemd does not run' {
    It '<Name> says so' -ForEach @(
        @{ Name = 'Get-FlannelService'; Parameters = @{} }
        @{ Name = 'Register-FlannelService'; Parameters = @{ WhatIf = $true } }
        @{ Name = 'Unregister-FlannelService'; Parameters = @{ Name = 'x'; Confirm = $false } }
    ) {
        if (Test-Path /run/systemd/system) { Set-ItResult -Skipped -Because 'systemd runs this host' }
        (Get-FailureOf { & $Name @Parameters } ServiceManagerMissing).CategoryInfo.Category | Should -Be NotInstalled
    }
}

Describe 'Export-FlannelServiceUnit' {
    It 'gives the template with the native daemon' {
        $text = Export-FlannelServiceUnit
        $version = (Get-Module FlannelPS).Version
        $lines = $text -split "`n"
        foreach ($line in @(
                'Type=notify', 'NotifyAccess=main', 'Restart=on-failure', 'RestartSec=5', 'WatchdogSec=60', 'TimeoutStopSec=20', 'EnvironmentFile=-/etc/flannelps/%i.env'
                'RuntimeDirectory=flannel flannelps', 'RuntimeDirectoryPreserve=yes', 'StateDirectory=flannelps', 'FileDescriptorStoreMax=16', 'NoNewPrivileges=yes'
                'AmbientCapabilities=CAP_NET_ADMIN CAP_NET_RAW', 'DeviceAllow=/dev/net/tun rw', 'LimitNOFILE=40000', 'WantedBy=multi-user.target'
                'Before=docker.service containerd.service', "ExecStart=/usr/local/lib/flannelps/$version/flannelpsd --name=%i `$FLANNELPS_FLAGS")) {
            $lines | Should -Contain $line
        }
    }

    It 'gives a unit with PowerShell, its options before -Command' {
        $line = (Export-FlannelServiceUnit -HostType PowerShell -ProgramPath /opt/my` pwsh/pwsh -ModulePath "/opt/it's/FlannelPS.psd1") -split "`n" | Where-Object { $_ -like 'ExecStart=*' }
        $line | Should -Be 'ExecStart="/opt/my pwsh/pwsh" -NoLogo -NoProfile -NonInteractive -Command "Import-Module ''/opt/it''''s/FlannelPS.psd1''; exit [FlannelPS.NodeHost]::Run(@(''--name=%i'') + @((-split $$env:FLANNELPS_FLAGS) -ne ''''))"'
    }

    It 'writes a file, none with -WhatIf, and not over one with -NoClobber' {
        Export-FlannelServiceUnit $TestDrive/flannelps@.service -WhatIf | Should -BeNullOrEmpty
        Test-Path $TestDrive/flannelps@.service | Should -BeFalse
        (Export-FlannelServiceUnit $TestDrive/flannelps@.service).Name | Should -Be flannelps@.service
        (Get-Content -Raw $TestDrive/flannelps@.service) | Should -Be (Export-FlannelServiceUnit)
        $null = Get-FailureOf { Export-FlannelServiceUnit $TestDrive/flannelps@.service -NoClobber -ErrorAction Stop } FileExists
    }

    It 'refuses a path that another host cannot have' {
        $null = Get-FailureOf { Export-FlannelServiceUnit -ProgramPath flannelpsd } NodeOptionInvalid
        $null = Get-FailureOf { Export-FlannelServiceUnit -ProgramPath "/x`nExecStartPre=/bin/y" } NodeOptionInvalid
    }

    It 'is a unit that systemd has nothing to say about: <HostType>' -ForEach @{ HostType = 'Native'; Program = '/usr/bin/true' }, @{ HostType = 'PowerShell'; Program = '/usr/bin/true' } {
        if (-not (Get-Command systemd-analyze -ErrorAction Ignore)) { Set-ItResult -Skipped -Because 'systemd-analyze is not installed (package systemd)' }
        $null = Export-FlannelServiceUnit "$TestDrive/flannelps@.service" -HostType $HostType -ProgramPath $Program
        Copy-Item $TestDrive/flannelps@.service $TestDrive/flannelps@net.service
        $said = systemd-analyze verify --man=no "$TestDrive/flannelps@net.service" 2>&1 | Where-Object { "$_" -match 'flannelps' }
        $said | Should -BeNullOrEmpty
    }
}

Describe 'A service' -Skip:([bool]$why) {
    BeforeAll {
        $seen = Invoke-UnderSystemd -TimeoutSeconds 240 {
            param($tests)
            Import-Module $tests/Lab.psm1
            Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1
            Initialize-Lab
            $etcd = Start-LabEtcd
            Set-LabKey $etcd /coreos.com/network/config '{"Network":"10.42.0.0/16","Backend":{"Type":"vxlan"}}' 0
            Set-LabKey $etcd /two/config '{"Network":"10.43.0.0/16","Backend":{"Type":"vxlan","VNI":2}}' 0
            function Get-Id([scriptblock] $Command) { try { $null = & $Command; 'none' } catch { $_.FullyQualifiedErrorId -replace ',.*' } }
            function Get-Files { Get-ChildItem -Recurse -File -Force /etc/systemd/system, /etc/flannelps, /usr/local/lib/flannelps, /var/lib/flannelps, /run/flannel, /run/flannelps -ErrorAction Ignore | Where-Object FullName -match flannel | ForEach-Object FullName }
            function Get-LeaseLine { (Get-FlannelLease | ForEach-Object { "$($_.Subnet) $($_.LeaseId)" }) -join ' ' }
            $see = @{}

            $see.none = @(Get-FlannelService).Count
            $see.missing = Get-Id { Get-FlannelService nobody -ErrorAction Stop }
            $see.missingUnregister = Get-Id { Unregister-FlannelService nobody -Confirm:$false -ErrorAction Stop }
            Register-FlannelService -Start -WhatIf
            $see.whatIf = @(Get-Files)
            $see.badOption = Get-Id { Register-FlannelService -Interface 'a b', 'c' }
            $see.badPort = Get-Id { Register-FlannelService -ConfigPath (New-Item -Force /tmp/bad.env -Value 'FLANNELD_HEALTHZ_PORT=no').FullName }

            $password = [pscredential]::new('user', (ConvertTo-SecureString 'se"cr$et %h' -AsPlainText -Force))
            $see.manual = Register-FlannelService -Name secret -Credential $password -SubnetFile /srv/two/secret.env -StartupType Manual -Interface 'eth0', '198.18.0.11'
            $see.secretMode = stat -c '%a %U' /etc/flannelps/secret.env
            $see.secretLine = Get-Content /etc/flannelps/secret.env | Where-Object { $_ -match 'PASSWORD|FLAGS' }
            $see.secretRead = systemd-run --pipe --wait --quiet -p EnvironmentFile=/etc/flannelps/secret.env /usr/bin/printenv FLANNELD_ETCD_PASSWORD
            $see.secretDropIn = Get-Content /etc/systemd/system/flannelps@secret.service.d/10-flannelps.conf
            $see.secretShown = @(systemctl show flannelps@secret.service; systemctl cat flannelps@secret.service) -match 'se"cr'

            $clock = [Diagnostics.Stopwatch]::StartNew()
            $see.started = Register-FlannelService -Start -HealthzPort 8471 -Verbose 4>&1 | Tee-Object -Variable all | Where-Object { $_ -isnot [Management.Automation.VerboseRecord] }
            $see.startSeconds = $clock.Elapsed.TotalSeconds
            $see.verbose = @($all | Where-Object { $_ -is [Management.Automation.VerboseRecord] } | ForEach-Object { "$_" })
            $see.got = Get-FlannelService flannel
            $see.enabled = systemctl is-enabled flannelps@flannel.service
            $see.command = (Get-Content -Raw "/proc/$($see.got.MainPid)/cmdline") -replace "`0", ' '
            $see.daemonMode = stat -c '%a %U' /usr/local/lib/flannelps/*/flannelpsd
            $see.node = Get-FlannelNode flannel | Select-Object State, HostType, Id
            $see.subnetFile = Get-Content -Raw /run/flannel/subnet.env
            $see.lease = Get-LeaseLine
            $see.wildcard = @(Get-FlannelService f* | ForEach-Object Name)
            $see.piped = (Get-FlannelNode flannel | Get-FlannelService).Name
            $see.completed = (TabExpansion2 'Get-FlannelService f' 20).CompletionMatches.CompletionText

            Register-FlannelService -Start -HealthzPort 8471 | Out-Null
            $see.samePid = (Get-FlannelService flannel).MainPid -eq $see.got.MainPid
            Register-FlannelService -HealthzPort 8472 -WarningVariable warned -WarningAction SilentlyContinue | Out-Null
            $see.changedWarning = "$warned"
            $see.notRestarted = (Get-FlannelService flannel).MainPid -eq $see.got.MainPid
            systemctl restart flannelps@flannel.service
            $see.restarted = Get-FlannelService flannel
            $see.restartLease = Get-LeaseLine
            kill -9 $see.restarted.MainPid
            Wait-Until { $now = Get-FlannelService flannel; $now.Status -eq 'Running' -and $now.Restarts -eq 1 } 30
            $see.killedLease = Get-LeaseLine
            # Restarted once by systemd, and slow to stop: the old count is no failure of the new start.
            $slow = New-Item -Force /etc/systemd/system/flannelps@flannel.service.d/20-slow.conf -Value "[Service]`nExecStopPost=/usr/bin/sleep 2`n"
            Register-FlannelService -Start -HealthzPort 8473 | Out-Null
            $slow | Remove-Item
            systemctl daemon-reload
            $see.reconfigured = (Invoke-WebRequest http://127.0.0.1:8473/healthz).StatusCode

            $null = Register-FlannelService -Name two -Prefix /two -SubnetFile /run/flannel/two.env -Start -HostType Native
            $see.both = @(Get-FlannelService | ForEach-Object { "$($_.Name) $($_.Status) $($_.StartupType)" })
            $see.failed = Get-Id { Register-FlannelService -Name three -Prefix /two -SubnetFile /run/flannel/two.env -Start -TimeoutSeconds 20 }
            $see.failedStatus = (Get-FlannelService three).Status
            Unregister-FlannelService three -Confirm:$false

            Set-LabKey $etcd /four/config '{"Network":"10.44.0.0/16","Backend":{"Type":"host-gw"}}' 0
            $null = Start-FlannelNode -Name four -Prefix /four -SubnetFile /run/flannel/four.env
            $see.taken = Get-Id { Register-FlannelService -Name four -Prefix /four -SubnetFile /run/flannel/four.env -Start }
            $see.takenFiles = @(Get-Files | Where-Object { $_ -match '^/etc.*four' })
            Stop-FlannelNode four
            Reset-FlannelNode four -Confirm:$false

            Unregister-FlannelService two -WhatIf
            $see.unregisterWhatIf = (Get-FlannelService two).Status
            Get-FlannelService two | Unregister-FlannelService -Confirm:$false
            $see.twoFiles = @(Get-Files | Where-Object { $_ -match 'two' })
            $see.twoDevice = [bool](ip -br link show flannel.2 2>$null)
            $see.left = (Get-FlannelService flannel).Status

            # A store that is away: the service goes on trying, the cmdlet does not.
            $see.timeout = Get-Id { Register-FlannelService -Name late -Endpoint http://127.0.0.1:9 -Prefix /late -SubnetFile /run/flannel/late.env -Start -TimeoutSeconds 2 }
            $see.late = Get-FlannelService late
            $shell = [powershell]::Create().AddScript("Import-Module '$env:FLANNELPS_MODULE/FlannelPS.psd1'; Register-FlannelService -Name late -Endpoint http://127.0.0.1:9 -Prefix /late -SubnetFile /run/flannel/late.env -Start -TimeoutSeconds 60")
            $running = $shell.BeginInvoke()
            Start-Sleep 2
            $see.waiting = -not $running.IsCompleted
            $clock.Restart()
            $shell.Stop()
            $see.stopSeconds = $clock.Elapsed.TotalSeconds
            $shell.Dispose()
            Unregister-FlannelService late -RemoveState -Confirm:$false

            # As a user, nothing changes.
            $see.user = (setpriv --reuid=65534 --regid=65534 --clear-groups ([Environment]::ProcessPath) -NoProfile -NonInteractive -Command "Import-Module '$env:FLANNELPS_MODULE/FlannelPS.psd1'; try { Register-FlannelService x } catch { `$_.FullyQualifiedErrorId }; try { Unregister-FlannelService flannel -Confirm:`$false } catch { `$_.FullyQualifiedErrorId }; (Get-FlannelService flannel).Status" 2>&1) -join ' '

            # A daemon that is not the module's.
            mkdir /tmp/module
            Copy-Item -Recurse $env:FLANNELPS_MODULE/* /tmp/module
            Set-Content /tmp/module/runtimes/linux-x64/native/flannelpsd.sha256 ('0' * 64 + '  flannelpsd')
            $see.tampered = & ([Environment]::ProcessPath) -NoProfile -NonInteractive -Command "Import-Module /tmp/module/FlannelPS.psd1; try { Register-FlannelService bad -HostType Native } catch { `$_.FullyQualifiedErrorId }; Test-Path /etc/flannelps/bad.env"

            Unregister-FlannelService * -RemoveState -Confirm:$false -Verbose 4>&1 | Out-Null
            $see.files = @(Get-Files)
            $see.folders = @('/usr/local/lib/flannelps', '/etc/flannelps', '/etc/systemd/system/flannelps@flannel.service.d' | Where-Object { Test-Path $_ })
            $see.device = [bool](ip -br link show flannel.1 2>$null)
            $see.leaseGone = (Get-FlannelLease | Where-Object { "$($_.Subnet)" -eq ($see.lease -split ' ')[0] } | Measure-Object).Count
            $see.units = @(systemctl list-units --all --plain --no-legend 'flannelps@*')
            $see.end = @(Get-FlannelService).Count
            $see
        } -ArgumentList $PSScriptRoot
    }

    It 'is nowhere before it is registered' {
        $seen.none | Should -Be 0
        $seen.missing | Should -Be ServiceNotFound
        $seen.missingUnregister | Should -Be ServiceNotFound
    }

    It 'leaves nothing with -WhatIf, nor with an option that is wrong' {
        $seen.whatIf | Should -BeNullOrEmpty
        $seen.badOption | Should -Be NodeOptionInvalid
        $seen.badPort | Should -Be NodeOptionInvalid
    }

    It 'keeps a password in a file of mode 0600, as systemd reads it, and nowhere else' {
        $seen.secretMode | Should -Be '600 root'
        $seen.secretRead | Should -Be 'se"cr$et %h'
        $seen.secretShown | Should -BeNullOrEmpty
        $seen.secretLine | Should -Contain 'FLANNELPS_FLAGS="--iface=eth0 --iface=198.18.0.11"'
    }

    It 'may write to a subnet file elsewhere, and is started by hand with -StartupType Manual' {
        $seen.secretDropIn | Should -Contain 'ReadWritePaths=/srv/two'
        "$($seen.manual.Name) $($seen.manual.Status) $($seen.manual.StartupType)" | Should -Be 'secret Stopped Manual'
    }

    It 'runs the module''s daemon from a folder of root''s' {
        "$($seen.started.Status) $($seen.started.StartupType) $($seen.started.HostType)" | Should -Be 'Running Automatic Native'
        $seen.started.Version | Should -Be "$((Get-Module FlannelPS).Version)"
        $seen.enabled | Should -Be enabled
        $seen.daemonMode | Should -Be '755 root'
        $seen.command | Should -Match '^/usr/local/lib/flannelps/[\d.]+/flannelpsd --name=flannel $'
        $seen.startSeconds | Should -BeLessThan 15
    }

    It 'tells what it wrote with -Verbose' {
        "$($seen.verbose)" | Should -Match '/etc/flannelps/flannel\.env'
    }

    It 'is shown with process, unit and what the node says of itself' {
        $seen.got.MainPid | Should -BeGreaterThan 1
        $seen.got.UnitPath | Should -Be /etc/systemd/system/flannelps@.service
        $seen.got.StatusText | Should -Match '^Ready: 10\.42\.'
        $seen.got.Restarts | Should -Be 0
        $seen.wildcard | Should -Be flannel
        $seen.piped | Should -Be flannel
        $seen.completed | Should -Contain flannel
    }

    It 'is a node like others' {
        "$($seen.node.State) $($seen.node.HostType)" | Should -Be 'Ready Service'
        $seen.node.Id | Should -Be $seen.got.MainPid
        $seen.subnetFile | Should -Match 'FLANNEL_MTU=1450'
    }

    It 'is not restarted by being registered as it is, nor without being asked to' {
        $seen.samePid | Should -BeTrue
        $seen.notRestarted | Should -BeTrue
        $seen.changedWarning | Should -Match 'old settings'
    }

    It 'keeps its lease over a restart, and over being killed' {
        $seen.restarted.MainPid | Should -Not -Be $seen.got.MainPid
        $seen.restartLease | Should -Be $seen.lease
        $seen.killedLease | Should -Be $seen.lease
    }

    It 'gets new settings with -Start' {
        $seen.reconfigured | Should -Be 200
    }

    It 'stands beside another' {
        $seen.both | Should -Contain 'flannel Running Automatic'
        $seen.both | Should -Contain 'two Running Automatic'
    }

    It 'says that it does not start' {
        $seen.failed | Should -Be ServiceFailed
    }

    It 'does not start beside a node of its name that runs already' {
        $seen.taken | Should -Be NodeAlreadyRunning
        $seen.takenFiles | Should -BeNullOrEmpty
    }

    It 'says what it waits for when it is not ready in time, and ends within a second of Ctrl+C' {
        $seen.timeout | Should -Be NodeStartTimeout
        "$($seen.late.Status) $($seen.late.StatusText)" | Should -Match '^Starting Starting: Store'
        $seen.waiting | Should -BeTrue
        $seen.stopSeconds | Should -BeLessThan 1
    }

    It 'leaves the data path when it is unregistered, and others alone' {
        $seen.unregisterWhatIf | Should -Be Running
        $seen.twoFiles | Where-Object { $_ -match '^/etc' } | Should -BeNullOrEmpty
        $seen.twoDevice | Should -BeTrue
        $seen.left | Should -Be Running
    }

    It 'is root''s: a user may look' {
        $seen.user | Should -Match 'PrivilegeRequired\S* PrivilegeRequired\S* Running'
    }

    It 'does not run a daemon that is not the module''s' {
        "$($seen.tampered)" | Should -BeLike 'NativeHostUnusable,* False'
    }

    It 'is gone without a trace after Unregister -RemoveState' {
        $seen.files | Where-Object { $_ -notmatch 'two|four' } | Should -BeNullOrEmpty
        $seen.folders | Should -BeNullOrEmpty
        $seen.device | Should -BeFalse
        $seen.leaseGone | Should -Be 0
        $seen.units | Should -BeNullOrEmpty
        $seen.end | Should -Be 0
    }
}

Describe 'A service inside PowerShell' -Skip:([bool]$why) {
    BeforeAll {
        $seen = Invoke-UnderSystemd -TimeoutSeconds 240 {
            param($tests)
            Import-Module $tests/Lab.psm1
            Initialize-Lab
            $etcd = Start-LabEtcd
            Set-LabKey $etcd /coreos.com/network/config '{"Network":"10.42.0.0/16","Backend":{"Type":"vxlan"}}' 0
            $see = @{}
            # A machine that the module has no daemon for.
            mkdir /tmp/module
            Copy-Item -Recurse $env:FLANNELPS_MODULE/* /tmp/module
            Remove-Item -Recurse /tmp/module/runtimes
            Import-Module /tmp/module/FlannelPS.psd1
            $see.service = Register-FlannelService -Start -WarningVariable warned -WarningAction SilentlyContinue
            $see.warned = "$warned"
            $see.node = Get-FlannelNode flannel | Select-Object State, HostType
            try { $null = Register-FlannelService other -HostType Native } catch { $see.native = $_.FullyQualifiedErrorId }
            systemctl stop flannelps@flannel.service
            $see.stopped = Get-FlannelService flannel
            $see.result = systemctl show --property=Result,ExecMainStatus --value flannelps@flannel.service
            Unregister-FlannelService flannel -RemoveState -Confirm:$false
            $see.files = @(Get-ChildItem -Recurse -File /etc/systemd/system, /etc/flannelps, /var/lib/flannelps, /run/flannel -ErrorAction Ignore | Where-Object FullName -match flannel | ForEach-Object FullName)
            $see.device = [bool](ip -br link show flannel.1 2>$null)
            $see
        } -ArgumentList $PSScriptRoot
    }

    It 'is what a machine without a native daemon gets, with the reason' {
        "$($seen.service.Status) $($seen.service.HostType)" | Should -Be 'Running PowerShell'
        $seen.service.UnitPath | Should -Be /etc/systemd/system/flannelps@flannel.service
        $seen.warned | Should -Match 'no native daemon'
        $seen.native | Should -BeLike 'NativeHostUnusable,*'
    }

    It 'is a ready node, and ends in order' {
        "$($seen.node.State) $($seen.node.HostType)" | Should -Be 'Ready Service'
        $seen.stopped.Status | Should -Be Stopped
        "$($seen.result)" | Should -Be 'success 0'
    }

    It 'is gone without a trace after Unregister -RemoveState' {
        $seen.files | Should -BeNullOrEmpty
        $seen.device | Should -BeFalse
    }
}

Describe 'The help of the service cmdlets' -Skip:([bool]$why) {
    It 'has examples that run: <_>' -ForEach 'Register-FlannelService', 'Get-FlannelService', 'Unregister-FlannelService' {
        $text = Get-Content -Raw (Join-Path $PSScriptRoot "../../docs/cmdlets/$_.md")
        $examples = [regex]::Matches(($text -split '## EXAMPLES')[1].Split('## PARAMETERS')[0], '(?s)```powershell\n(.*?)```').ForEach({ $_.Groups[1].Value })
        $examples.Count | Should -BeGreaterThan 1
        $ran = Invoke-UnderSystemd {
            param($tests, $examples)
            Import-Module $tests/Lab.psm1
            Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1
            Initialize-Lab
            $etcd = Start-LabEtcd
            Set-LabKey $etcd /coreos.com/network/config '{"Network":"10.42.0.0/16","Backend":{"Type":"vxlan"}}' 0
            $credential = [pscredential]::new('root', (ConvertTo-SecureString 'secret' -AsPlainText -Force))
            Set-Location (mkdir /tmp/empty)
            foreach ($example in $examples) { $null = . ([scriptblock]::Create($example)) }
            $examples.Count
        } -ArgumentList $PSScriptRoot, $examples
        $ran | Should -Be $examples.Count
    }
}

Describe 'systemd in the lab' {
    It 'is there' {
        $problem = Get-SystemdProblem
        if ($problem) { Set-ItResult -Skipped -Because "services are not tried: $problem" }
    }
}
