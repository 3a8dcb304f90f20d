# What sits at a node's socket is not always a node of ours: each cmdlet that asks says so, in time, with an id.
BeforeDiscovery {
    $readers = 'Get-FlannelPeer', 'Get-FlannelEvent', 'Get-FlannelMetric', 'Get-FlannelHealth', 'Repair-FlannelNode'
}

BeforeAll {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1 -Force

    # Listens at a node's socket and says the same to everybody: real bytes over a real socket.
    function Start-Listener([string] $Name, [string] $Answer, [switch] $Silent) {
        $socket = [Net.Sockets.Socket]::new('Unix', 'Stream', 'Unspecified')
        $socket.Bind([Net.Sockets.UnixDomainSocketEndPoint]::new("/run/flannelps/$Name.sock"))
        $socket.Listen(8)
        $shell = [powershell]::Create().AddScript({
                param($socket, $answer, $silent)
                while ($true) {
                    $peer = $socket.Accept()
                    $null = $peer.Receive([byte[]]::new(4096))
                    if ($silent) { continue }
                    if ($answer) { $null = $peer.Send([Text.Encoding]::UTF8.GetBytes($answer)) }
                    $peer.Dispose()
                }
            }).AddArgument($socket).AddArgument($Answer).AddArgument([bool]$Silent)
        $null = $shell.BeginInvoke()
        [pscustomobject]@{ Socket = $socket; Shell = $shell; Path = "/run/flannelps/$Name.sock" }
    }

    function Stop-Listener($Listener) {
        $Listener.Socket.Dispose()
        $Listener.Shell.Dispose()
        Remove-Item $Listener.Path -ErrorAction Ignore
    }
}

Describe 'F81: a socket that gives <Case>' -ForEach @(
    @{ Case = 'no JSON'; Answer = "HTTP/1.1 400 Bad Request`r`n`r`n"; Id = 'NodeAnswerInvalid' }
    @{ Case = 'a number where an object belongs'; Answer = "{`"ok`":true,`"result`":42}`n"; Id = 'NodeAnswerInvalid' }
    @{ Case = 'an error of its own'; Answer = "{`"ok`":false,`"error`":{`"id`":`"UnknownVerb`",`"message`":`"no such verb`"}}`n"; Id = 'NodeAnswerInvalid' }
    @{ Case = 'half an answer'; Answer = '{"ok":true,"result":{"name":"x"'; Id = 'NodeNotRunning' }
    @{ Case = 'nothing, and closes'; Answer = ''; Id = 'NodeNotRunning' }
) {
    BeforeAll { $listener = Start-Listener x $Answer }
    AfterAll { Stop-Listener $listener }

    It '<_> says so' -ForEach $readers {
        $command = $_
        $answer = & $command x -ErrorVariable problem -ErrorAction SilentlyContinue
        if ($command -eq 'Get-FlannelHealth' -and $Id -eq 'NodeNotRunning') {
            $answer.IsAlive | Should -BeFalse
            return
        }
        $answer | Should -BeNullOrEmpty
        $problem[0].FullyQualifiedErrorId | Should -BeLike "$Id,*"
        $problem[0].ErrorDetails.RecommendedAction | Should -Not -BeNullOrEmpty
    }

    It 'Test-FlannelNode is false, with the reason' {
        Test-FlannelNode x | Should -BeFalse
        (Test-FlannelNode x -Detailed).Status | Should -Be 'Fail'
    }

    It 'Get-FlannelNode shows it, and does not fail' {
        (Get-FlannelNode x -ErrorAction Stop).State | Should -BeIn 'Unreachable', 'Stopped'
        Get-FlannelRoute -ErrorAction Stop | Should -BeNullOrEmpty
    }
}

Describe 'F81: a socket that says nothing' {
    BeforeAll { $listener = Start-Listener x '' -Silent }
    AfterAll { Stop-Listener $listener }

    It '<_> gives up in time' -ForEach 'Get-FlannelPeer', 'Get-FlannelEvent', 'Get-FlannelMetric', 'Get-FlannelHealth' {
        $command = $_
        $clock = [Diagnostics.Stopwatch]::StartNew()
        $null = Get-FailureOf { & $command x -ErrorAction Stop } NodeNotResponding
        $clock.Elapsed.TotalSeconds | Should -BeLessThan 7
    }

    It 'F90: <_> ends within a second of Ctrl+C' -ForEach 'Get-FlannelPeer', 'Get-FlannelEvent', 'Get-FlannelEvent -Follow', 'Get-FlannelMetric', 'Get-FlannelHealth', 'Test-FlannelNode', 'Repair-FlannelNode', 'Get-FlannelRoute', 'Get-FlannelLog', 'Watch-FlannelNetwork', 'Export-FlannelReport -Path /tmp/report.html' {
        $shell = [powershell]::Create().AddScript("Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1; $_ -Name x")
        $null = $shell.BeginInvoke()
        Start-Sleep -Milliseconds 700
        $clock = [Diagnostics.Stopwatch]::StartNew()
        $shell.Stop()
        $clock.Elapsed.TotalSeconds | Should -BeLessThan 1
    }

    It 'completion does not wait for it' {
        $line = 'Get-FlannelPeer -Subnet 1'
        $clock = [Diagnostics.Stopwatch]::StartNew()
        $null = TabExpansion2 $line $line.Length
        $clock.Elapsed.TotalSeconds | Should -BeLessThan 1.2
    }
}

Describe 'a socket of another user''s program' {
    BeforeAll {
        # Another user cannot make one there; who gave the folder away may find one all the same.
        $folder = '/run/flannelps/open'
        $null = New-Item -ItemType Directory $folder
        chmod 0777 $folder
        $script = '$s = [Net.Sockets.Socket]::new("Unix", "Stream", "Unspecified"); $s.Bind([Net.Sockets.UnixDomainSocketEndPoint]::new("' + "$folder/x" + '")); $s.Listen(8); while ($true) { $p = $s.Accept(); $b = [byte[]]::new(4096); $n = $p.Receive($b); [IO.File]::AppendAllText("' + "$folder/heard" + '", "$n`n"); $p.Dispose() }'
        $process = Start-Process setpriv '--reuid=65534', '--regid=65534', '--clear-groups', 'env', "HOME=$folder", 'pwsh', '-NoProfile', '-EncodedCommand', ([Convert]::ToBase64String([Text.Encoding]::Unicode.GetBytes($script))) -PassThru -RedirectStandardError "$TestDrive/other"
        Wait-Until { Test-Path "$folder/x" } -Seconds 20
        Move-Item "$folder/x" /run/flannelps/x.sock
        chmod 0777 /run/flannelps/x.sock
    }
    AfterAll {
        $process.Kill()
        Remove-Item /run/flannelps/x.sock
        Remove-Item -Recurse -Force $folder
    }

    It '<_> says whose it is, and tells it nothing' -ForEach $readers {
        $command = $_
        (Get-FailureOf { & $command x -ErrorAction Stop } NodeAnswerInvalid).Exception.Message | Should -Match 'user 65534'
        (Get-Content "$folder/heard" -ErrorAction Ignore | Where-Object { $_ -ne '0' }) | Should -BeNullOrEmpty
    }

    It 'Get-FlannelNode shows it as what cannot be asked' {
        $node = Get-FlannelNode x
        $node.State | Should -Be 'Unreachable'
        $node.Reasons | Should -Match 'user 65534'
    }
}

Describe 'a node of root''s, asked by another user' {
    BeforeAll {
        $etcd = Start-LabEtcd
        Set-LabKey $etcd /coreos.com/network/config '{"Network":"10.42.0.0/16","Backend":{"Type":"vxlan"}}'
        $null = Start-FlannelNode
        $ids = setpriv --reuid=65534 --regid=65534 --clear-groups pwsh -NoProfile -Command "`$env:HOME = '/tmp'; Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1; foreach (`$command in 'Get-FlannelPeer', 'Get-FlannelEvent', 'Get-FlannelMetric', 'Get-FlannelHealth', 'Repair-FlannelNode') { try { & `$command flannel -ErrorAction Stop } catch { `$_.FullyQualifiedErrorId -replace ',.*' } }; (Test-FlannelNode); (Get-FlannelNode).State"
    }
    AfterAll {
        Get-FlannelNode | Stop-FlannelNode -Force -Cleanup
        $etcd | Stop-LabEtcd
    }

    It 'says that root may' {
        $ids[0..4] | Should -Be (@('PrivilegeRequired') * 5)
        $ids[5] | Should -Be 'False'
        $ids[6] | Should -Be 'Unreachable'
    }

    It 'may be read by a group that was named, and only read' {
        Stop-FlannelNode flannel
        $null = Start-FlannelNode -SocketGroup nogroup
        $said = setpriv --reuid=65534 --regid=65534 --clear-groups pwsh -NoProfile -Command "`$env:HOME = '/tmp'; Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1; (Get-FlannelNode).State; (Get-FlannelHealth).IsReady; (Get-FlannelEvent).Count -gt 0; try { Repair-FlannelNode -ErrorAction Stop } catch { `$_.FullyQualifiedErrorId }"
        $said | Should -Be 'Ready', 'True', 'True', 'PrivilegeRequired,FlannelPS.Commands.RepairFlannelNodeCommand'
    }
}
