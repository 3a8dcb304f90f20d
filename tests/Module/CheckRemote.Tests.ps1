# Checks of other computers, by a real sshd of this test's own on loopback: own configuration, host key, port and user key. Its network namespaces stand for two computers.
BeforeAll {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1 -Force
    $missing = @(
        if (-not (Get-Command sshd, /usr/sbin/sshd -ErrorAction Ignore)) { 'sshd is not installed (package openssh-server)' }
        if (@(Get-Command ssh, ssh-keygen -ErrorAction Ignore).Count -lt 2) { 'ssh is not installed (package openssh-client)' }
    ) -join ', '
    if ($missing) { return }
    $sshd = (Get-Command sshd, /usr/sbin/sshd -ErrorAction Ignore)[0].Source
    $folder = Join-Path ([IO.Path]::GetTempPath()) "flannelps-ssh-$([guid]::NewGuid().ToString('n'))"
    $null = New-Item -ItemType Directory $folder
    chmod 0700 $folder
    $null = New-Item -ItemType Directory -Force /run/sshd
    foreach ($name in 'host', 'user', 'stranger') { Invoke-Checked ssh-keygen -q -t ed25519 -N "" -f "$folder/$name" }
    Copy-Item "$folder/user.pub" "$folder/authorized"
    chmod 0600 "$folder/authorized"
    # What this run's home is told of hosts and keys is nobody else's.
    $env:HOME = $folder
    $null = New-Item -ItemType Directory "$folder/.ssh"
    Set-Content "$folder/sshd_config" @"
HostKey $folder/host
AuthorizedKeysFile $folder/authorized
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
UsePAM no
StrictModes no
PidFile none
SetEnv PSModulePath=$env:PSModulePath FLANNELPS_MODULE=$env:FLANNELPS_MODULE
Subsystem powershell $([Environment]::ProcessPath) -sshs -NoLogo -NoProfile
"@
    $etcd = Start-LabEtcd
    Set-LabKey $etcd /coreos.com/network/config '{"Network":"10.42.0.0/16","Backend":{"Type":"vxlan"}}'
    $second = New-LabHost 2
    $started = @(Start-LabPeer $second $etcd.Remote)
    $null = Start-FlannelNode
    # One on this host, one on the second: their addresses are two computers. They share the folder of the nodes' sockets, so checks of nodes are left out (none*).
    $started += Start-Process $sshd ('-D', '-e', '-f', "$folder/sshd_config", '-p', '2222') -PassThru -RedirectStandardError "$folder/sshd.log"
    $started += Start-Process ip ('netns', 'exec', 'h2', $sshd, '-D', '-e', '-f', "$folder/sshd_config", '-p', '2222') -PassThru -RedirectStandardError "$folder/sshd2.log"
    $key = Get-Content "$folder/host.pub"
    # ssh reads known_hosts of the user's home by the password file, not of HOME: so it is named.
    $known = (getent passwd (id -u) | ForEach-Object { ($_ -split ':')[5] })
    mount -t tmpfs -o mode=0700 tmpfs "$known/.ssh" 2>$null
    if ($LASTEXITCODE) { $null = New-Item -ItemType Directory -Force "$known/.ssh"; mount -t tmpfs -o mode=0700 tmpfs "$known/.ssh" }
    Set-Content "$known/.ssh/known_hosts" @('198.18.0.11', '198.18.0.12', '127.0.0.1' | ForEach-Object { "[$_]:2222 $key" })
    Wait-Until { Test-LabPort 2222 }
    $connect = @{ Port = 2222; KeyFilePath = "$folder/user"; UserName = (id -un) }
}

AfterAll {
    if ($missing) { return }
    Get-FlannelNode flannel -ErrorAction Ignore | Stop-FlannelNode -Force
    $started | Where-Object { -not $_.HasExited } | ForEach-Object { $_.Kill($true); $_.WaitForExit() }
    Remove-LabHost 2
    $etcd | Stop-LabEtcd
    Remove-Item -Recurse -Force $folder
}

Describe 'Invoke-FlannelCheck -ComputerName' {
    It 'runs the checks there, and gives the results with the computer''s name' {
        if ($missing) { Set-ItResult -Skipped -Because $missing; return }
        $results = Invoke-FlannelCheck Forwarding, Privilege, Interface -ComputerName 198.18.0.11, 198.18.0.12 -Name none* @connect -ErrorVariable errors -ErrorAction SilentlyContinue
        $errors | Should -BeNullOrEmpty -Because (Get-Content "$folder/sshd.log" -Raw)
        @($results.ComputerName | Sort-Object -Unique) | Should -Be '198.18.0.11', '198.18.0.12'
        foreach ($group in $results | Group-Object ComputerName) {
            @($group.Group | ForEach-Object { $_.GetType().FullName } | Select-Object -Unique) | Should -Be 'FlannelPS.FlannelCheckResult'
            @($group.Group.Name | Sort-Object -Unique) | Should -Be 'Forwarding', 'Interface', 'Privilege'
            @($group.Group.Status | Select-Object -Unique) | Should -Be 'Pass'
            $group.Group[0].Duration | Should -BeOfType ([timespan])
        }
        # The same as here, but for the name.
        $here = Invoke-FlannelCheck Forwarding, Privilege, Interface -Name none*
        @($results | Where-Object ComputerName -EQ 198.18.0.11).ForEach({ "$($_.Name) $($_.Node) $($_.Target) $($_.Status) $($_.Evidence)" }) | Should -Be $here.ForEach({ "$($_.Name) $($_.Node) $($_.Target) $($_.Status) $($_.Evidence)" })
        $here.ComputerName | Where-Object { $_ } | Should -BeNullOrEmpty
    }

    It 'I8: sees on which of two computers a fault is, with cause and remedy' {
        if ($missing) { Set-ItResult -Skipped -Because $missing; return }
        Set-LabSetting net.ipv4.ip_forward 0 h2
        try {
            $results = Invoke-FlannelCheck Forwarding -ComputerName 198.18.0.11, 198.18.0.12 @connect -Name none*
            $bad = $results | Where-Object Status -EQ Fail
            $bad.ComputerName | Should -Be '198.18.0.12'
            $bad.Cause | Should -Match 'forwarded'
            $bad.Remedy | Should -Match 'ip_forward=1'
        }
        finally { Set-LabSetting net.ipv4.ip_forward 1 h2 }
    }

    It 'says of a computer that cannot be asked why, and goes on with the others: <Case>' -ForEach @(
        @{ Case = 'nobody listens'; Computer = '198.18.0.99'; Change = @{} }
        @{ Case = 'the key is not known there'; Computer = '198.18.0.12'; Change = @{ KeyFilePath = 'stranger' } }
    ) {
        if ($missing) { Set-ItResult -Skipped -Because $missing; return }
        $how = $connect.Clone()
        foreach ($name in $Change.Keys) { $how[$name] = "$folder/$($Change[$name])" }
        $results = Invoke-FlannelCheck Forwarding -ComputerName $Computer @how -Name none* -ErrorVariable errors -ErrorAction SilentlyContinue
        $results | Should -BeNullOrEmpty
        $errors.Count | Should -Be 1
        $errors[0].FullyQualifiedErrorId | Should -Be 'ComputerUnreachable,FlannelPS.Commands.InvokeFlannelCheckCommand'
        $errors[0].TargetObject | Should -Be $Computer
        $errors[0].ErrorDetails.RecommendedAction | Should -Match 'ssh'
        "$($errors[0])" | Should -Match ([regex]::Escape($Computer))
    }

    It 'writes reports and exit code with who could not be asked among them' {
        if ($missing) { Set-ItResult -Skipped -Because $missing; return }
        $command = "Import-Module '$env:FLANNELPS_MODULE/FlannelPS.psd1'; Invoke-FlannelCheck Forwarding, Privilege -ComputerName 198.18.0.12, 198.18.0.99, 198.18.0.11 -Name none* -Port 2222 -KeyFilePath '$folder/user' -OutputFile '$TestDrive/far.xml' -ErrorAction SilentlyContinue -Exit"
        $null = & ([Environment]::ProcessPath) -NoProfile -NonInteractive -Command $command
        $LASTEXITCODE | Should -Be 1
        $report = [xml] (Get-Content -Raw $TestDrive/far.xml)
        @($report.SelectNodes('//testsuite/@hostname') | ForEach-Object Value | Sort-Object -Unique) | Should -Be '198.18.0.11', '198.18.0.12', '198.18.0.99'
        $report.SelectNodes('//failure').Count | Should -Be 1
        $report.SelectNodes('//testcase').Count | Should -Be 5
    }

    It 'hands the store on by its endpoint, and no store of this session' {
        if ($missing) { Set-ItResult -Skipped -Because $missing; return }
        $result = Invoke-FlannelCheck StoreContact -ComputerName 198.18.0.12 @connect -Endpoint $etcd.Remote -TimeoutSeconds 3
        $result.Status | Should -Be 'Pass'
        $result.Evidence | Should -Match '198\.18\.0\.11:2379'
        $null = Get-FailureOf { Invoke-FlannelCheck StoreContact -ComputerName 198.18.0.12 @connect -Store (Connect-FlannelStore -Endpoint $etcd.Endpoint -Name lab) -ErrorAction Stop } ParameterConflict
    }

    It 'F90: gives the prompt back within a second of Ctrl+C' {
        if ($missing) { Set-ItResult -Skipped -Because $missing; return }
        # It takes the connection, and says nothing.
        $listener = [Net.Sockets.TcpListener]::new([ipaddress]::Loopback, 2223)
        $listener.Start()
        try {
            $shell = [powershell]::Create().AddScript("Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1; Invoke-FlannelCheck -ComputerName 127.0.0.1 -Port 2223 -KeyFilePath $folder/user")
            $null = $shell.BeginInvoke()
            Start-Sleep -Seconds 3
            $clock = [Diagnostics.Stopwatch]::StartNew()
            $shell.Stop()
            $clock.Elapsed.TotalSeconds | Should -BeLessThan 1
        }
        finally { $listener.Stop() }
    }
}
