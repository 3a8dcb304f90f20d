BeforeAll {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1 -Force
    $etcd = Start-LabEtcd
    Set-LabKey $etcd /coreos.com/network/config '{"Network":"10.42.0.0/16","Backend":{"Type":"vxlan"}}'
    function Start-Following([string] $Script) {
        $output = [Collections.Concurrent.ConcurrentQueue[psobject]]::new()
        $shell = [powershell]::Create().AddScript("param(`$output) Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1; $Script | ForEach-Object { `$output.Enqueue(`$_) }").AddArgument($output)
        [pscustomobject]@{ Shell = $shell; Output = $output; Handle = $shell.BeginInvoke() }
    }
}

AfterAll {
    $etcd | Stop-LabEtcd
}

Describe 'Get-FlannelLog of a file' {
    BeforeEach {
        Set-Content /var/log/flannelps/blue.log.1 @(
            '2026-01-02T10:00:00.000Z info  [9020] Network configuration: 10.42.0.0/16, backend vxlan'
            '2026-01-02T10:00:01.000Z warn  [9021] Waiting (Store): no answer')
        Set-Content /var/log/flannelps/blue.log @(
            '2026-01-02T10:00:02.500Z debug [4010] Kernel notifications were lost: reading everything again'
            'Process terminated. Out of memory.'
            '2026-01-02T10:00:03.000Z error [9031] The subnet file is not written'
            '2026-01-02T10:00:04.000Z crit  nothing works')
    }
    AfterEach { Remove-Item /var/log/flannelps/* }

    It 'reads the file that was put aside first, and then the present one' {
        $lines = Get-FlannelLog blue
        $lines.Id | Should -Be 9020, 9021, 4010, 0, 9031, 0
        $lines.Level.ForEach('ToString') | Should -Be 'Information', 'Warning', 'Debug', 'Error', 'Error', 'Critical'
        $lines[0].Message | Should -Be 'Network configuration: 10.42.0.0/16, backend vxlan'
        $lines[0].Time.UtcDateTime | Should -Be ([datetime]'2026-01-02T10:00:00')
        $lines[0].Node | Should -Be 'blue'
        $lines[3].Message | Should -Be 'Process terminated. Out of memory.'
        $lines[3].Time | Should -Be $lines[2].Time -Because 'a line without a time belongs to the one before it'
    }

    It 'chooses by <Case>' -ForEach @(
        @{ Case = 'the last lines'; Parameters = @{ Tail = 2 }; Expected = 9031, 0 }
        @{ Case = 'no lines'; Parameters = @{ Tail = 0 }; Expected = @() }
        @{ Case = 'level'; Parameters = @{ Level = 'Warning' }; Expected = 9021, 0, 9031, 0 }
        @{ Case = 'level, then the last'; Parameters = @{ Level = 'Warning'; Tail = 3 }; Expected = 0, 9031, 0 }
        @{ Case = 'time'; Parameters = @{ After = '2026-01-02T10:00:02.500Z' }; Expected = 9031, 0 }
    ) {
        @(Get-FlannelLog blue @Parameters).Id | Should -Be $Expected
    }

    It 'finds the log of a node of which nothing else is left, by name and by pattern' {
        (Get-FlannelLog).Count | Should -Be 6
        (Get-FlannelLog bl* -Tail 1).Message | Should -Be 'nothing works'
        $line = 'Get-FlannelLog bl'
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Be 'blue'
        $null = Get-FailureOf { Get-FlannelLog nosuch -ErrorAction Stop } NodeNotFound
    }

    It '-Follow goes on with what is added, also when the file is put aside, emptied or gone for a while' {
        $following = Start-Following 'Get-FlannelLog blue -Follow -Tail 1'
        try {
            Wait-Until { $following.Output.Message -contains 'nothing works' }
            Add-Content /var/log/flannelps/blue.log '2026-01-02T10:00:05.000Z info  [1] added'
            Wait-Until { $following.Output.Message -contains 'added' }
            Add-Content /var/log/flannelps/blue.log '2026-01-02T10:00:06.000Z info  [1] last of the old'
            Move-Item -Force /var/log/flannelps/blue.log /var/log/flannelps/blue.log.1
            Start-Sleep -Milliseconds 500
            Set-Content /var/log/flannelps/blue.log '2026-01-02T10:00:07.000Z info  [1] first of the new'
            Wait-Until { $following.Output.Message -contains 'first of the new' }
            Set-Content /var/log/flannelps/blue.log '2026-01-02T10:00:08.000Z info  [1] anew'
            Wait-Until { $following.Output.Message -contains 'anew' }
            $following.Output.Message | Should -Be 'nothing works', 'added', 'last of the old', 'first of the new', 'anew'
        }
        finally {
            $clock = [Diagnostics.Stopwatch]::StartNew()
            $following.Shell.Stop()
        }
        $clock.Elapsed.TotalSeconds | Should -BeLessThan 1 -Because 'F90: Ctrl+C ends it'
    }

    It 'F81: reads no line of <Case>, and says why' -ForEach @(
        @{ Case = 'a symbolic link'; Make = { ln -s /etc/hostname /var/log/flannelps/bad.log }; Id = 'FileUnsafe' }
        @{ Case = 'a fifo'; Make = { mkfifo /var/log/flannelps/bad.log }; Id = 'FileUnsafe' }
        @{ Case = 'a folder'; Make = { mkdir /var/log/flannelps/bad.log; touch /var/log/flannelps/bad.log.1 }; Id = $null }
    ) {
        & $Make
        try {
            $clock = [Diagnostics.Stopwatch]::StartNew()
            if ($Id) { $null = Get-FailureOf { Get-FlannelLog bad -ErrorAction Stop } $Id }
            else { { Get-FlannelLog bad -ErrorAction Stop } | Should -Throw }
            $clock.Elapsed.TotalSeconds | Should -BeLessThan 2
        }
        finally { Remove-Item -Recurse -Force /var/log/flannelps/bad.log* }
    }

    It 'reads garbage as lines, and a line of a megabyte in parts' {
        [IO.File]::WriteAllBytes('/var/log/flannelps/bad.log', [byte[]](1..255) + [byte[]]::new(3MB))
        $lines = Get-FlannelLog bad
        $lines.Count | Should -BeGreaterThan 2
        $lines.Level | Select-Object -Unique | Should -Be 'Error'
    }

    It 'says to a user who may not read it that root may' {
        chmod 0600 /var/log/flannelps/blue.log
        $said = setpriv --reuid=65534 --regid=65534 --clear-groups pwsh -NoProfile -Command "`$env:HOME = '/tmp'; Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1; try { Get-FlannelLog blue -ErrorAction Stop } catch { `$_.FullyQualifiedErrorId }"
        $said | Should -Be 'PrivilegeRequired,FlannelPS.Commands.GetFlannelLogCommand'
    }
}

Describe 'Get-FlannelLog of a node' {
    AfterEach {
        Get-FlannelNode | Where-Object State -NE Stopped | Stop-FlannelNode -Force
        Get-FlannelNode | Reset-FlannelNode -Force
        Remove-Item /var/log/flannelps/*
    }

    It 'reads what the daemon wrote, from the pipeline too, also after its end' {
        $node = Start-FlannelNode
        (Get-FlannelLog | Where-Object Id -EQ 2003).Message | Should -Match ([regex]::Escape("$($node.Subnet)"))
        $events = Get-FlannelEvent
        ($node | Get-FlannelLog | Where-Object Level -GE Information).Message | Should -Be $events.Message
        Stop-FlannelNode flannel
        (Get-FlannelLog flannel -Tail 1).Id | Should -Be 10050
    }

    It 'says of a node in a session where its lines are' {
        $job = Start-FlannelNode -AsJob
        $null = Wait-FlannelNode
        (Get-FailureOf { Get-FlannelLog flannel -ErrorAction Stop } FileNotFound).Exception.Message | Should -Match 'session'
        $job | Stop-Job -PassThru | Remove-Job
    }
}

Describe 'Get-FlannelLog of a service' {
    BeforeAll {
        $daemon = '/usr/lib/systemd/systemd-journald', '/lib/systemd/systemd-journald' | Where-Object { Test-Path $_ } | Select-Object -First 1
        $missing = if (-not $daemon) { 'systemd-journald is not installed' } elseif (-not (Get-Command journalctl, logger -ErrorAction Ignore)) { 'journalctl or logger is not installed' }
        if (-not $missing) {
            # A journal of the run's own.
            foreach ($folder in '/run/systemd', '/run/log') { $null = New-Item -ItemType Directory -Force $folder; mount -t tmpfs tmpfs $folder }
            $null = New-Item -ItemType Directory -Force /run/systemd/journald.conf.d, /run/systemd/journal
            Set-Content /run/systemd/journald.conf.d/lab.conf "[Journal]`nStorage=volatile`nReadKMsg=no`nForwardToSyslog=no`nAudit=no`nSyncIntervalSec=1"
            $journal = Start-Process $daemon -PassThru -RedirectStandardError "$TestDrive/journald"
            Wait-Until { Test-Path /run/systemd/journal/socket }
            # Of root's entries journald believes which unit they are about.
            function Write-Journal([string] $Unit, [int] $Priority, [string] $Message) {
                "MESSAGE=$Message`nPRIORITY=$Priority`nOBJECT_SYSTEMD_UNIT=$Unit`n" | logger --journald
            }
            Write-Journal 'flannelps@green.service' 6 '[2003] Acquired 10.42.7.0/24'
            Write-Journal 'flannelps@green.service' 4 '[9021] Waiting (Store): no answer'
            Write-Journal 'flannelps@green.service' 7 'a detail'
            Write-Journal 'flannelps@other.service' 3 'of another node'
            # The node is known by its state; it does not run.
            $null = New-Item -ItemType Directory -Force /var/lib/flannelps/green
            Set-Content /var/lib/flannelps/green/identity x
            Wait-Until { journalctl --unit=flannelps@green.service --quiet --no-pager }
        }
    }
    AfterAll {
        if (-not $missing) {
            Remove-Item -Recurse /var/lib/flannelps/green
            $journal.Kill()
            $journal.WaitForExit()
            umount /run/systemd
            umount /run/log
        }
    }
    BeforeEach { if ($missing) { Set-ItResult -Skipped -Because $missing } }

    It 'reads its lines from the journal' {
        $lines = Get-FlannelLog green
        $lines.ForEach({ "$($_.Level) $($_.Id) $($_.Message)" }) | Should -Be 'Information 2003 Acquired 10.42.7.0/24', 'Warning 9021 Waiting (Store): no answer', 'Debug 0 a detail'
        $lines[0].Time | Should -BeGreaterThan ([DateTimeOffset]::Now.AddMinutes(-5))
    }

    It 'chooses by level, time and number' {
        (Get-FlannelLog green -Level Information).Count | Should -Be 2
        (Get-FlannelLog green -Tail 1).Message | Should -Be 'a detail'
        Get-FlannelLog green -After ([DateTimeOffset]::Now.AddMinutes(1)) | Should -BeNullOrEmpty
        (Get-FlannelLog green -After 300).Count | Should -Be 3
    }

    It '-Follow goes on, and Ctrl+C ends it and the program it runs' {
        $following = Start-Following 'Get-FlannelLog green -Follow -Tail 1'
        Wait-Until { $following.Output.Message -contains 'a detail' }
        Write-Journal 'flannelps@green.service' 6 'just now'
        Wait-Until { $following.Output.Message -contains 'just now' }
        $clock = [Diagnostics.Stopwatch]::StartNew()
        $following.Shell.Stop()
        $clock.Elapsed.TotalSeconds | Should -BeLessThan 1
        Wait-Until { -not (Get-Process journalctl -ErrorAction Ignore) }
    }

    It 'says where there is no journalctl that this is no systemd host' {
        $path = $env:PATH
        try {
            $env:PATH = '/nowhere'
            $null = Get-FailureOf { Get-FlannelLog green -ErrorAction Stop } ServiceManagerMissing
        }
        finally { $env:PATH = $path }
    }

    It 'says what journalctl says when it fails' {
        $path = $env:PATH
        try {
            Set-Content "$TestDrive/journalctl" "#!/bin/sh`necho it is broken >&2`nexit 3"
            chmod +x "$TestDrive/journalctl"
            $env:PATH = "$TestDrive`:$path"
            (Get-FailureOf { Get-FlannelLog green -ErrorAction Stop } ServiceFailed).Exception.Message | Should -Match 'it is broken'
            Set-Content "$TestDrive/journalctl" "#!/bin/sh`necho No journal files were opened due to insufficient permissions. >&2`nexit 1"
            $null = Get-FailureOf { Get-FlannelLog green -ErrorAction Stop } PrivilegeRequired
        }
        finally { $env:PATH = $path }
    }
}
