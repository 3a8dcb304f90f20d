# The live view: plain lines where there is no terminal, and in a real one (a pseudo-terminal of script) what is written to it byte by byte.
BeforeDiscovery { $hasScript = [bool] (Get-Command script -CommandType Application -ErrorAction Ignore) }

BeforeAll {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1 -Force
    $etcd = Start-LabEtcd
    Set-LabKey $etcd /coreos.com/network/config '{"Network":"10.42.0.0/16","Backend":{"Type":"vxlan"}}'
    foreach ($i in 1..40) { Set-LabLease $etcd "10.42.$i.0/24" "198.18.0.$(100 + $i)" }
    $null = Start-FlannelNode
    $h2 = New-LabHost 2
    $peer = Start-LabPeer $h2 $etcd.Remote
    Wait-Until { @(Get-FlannelPeer flannel -State Reachable).Count -eq 1 -and @(Get-FlannelPeer flannel).Count -eq 41 } -Seconds 60

    # A pipeline that runs beside the test, and what it told.
    function Start-Watch([string] $Script) {
        $shell = [powershell]::Create().AddScript("Import-Module '$env:FLANNELPS_MODULE/FlannelPS.psd1'; $Script")
        [pscustomobject]@{ Shell = $shell; Running = $shell.BeginInvoke() }
    }
    function Get-Told($Watch) { $copy = [object[]]::new($Watch.Shell.Streams.Information.Count); for ($i = 0; $i -lt $copy.Count; $i++) { $copy[$i] = "$($Watch.Shell.Streams.Information[$i])" }; $copy }

    # Runs a command line in a terminal of 100 columns and 20 lines; the keys are pressed after so many seconds.
    function Invoke-Terminal([string] $Command, [double] $After = 0, [string] $Key = '', [string] $Variable = '') {
        $file = "$TestDrive/typescript-$([guid]::NewGuid().ToString('n'))"
        Set-Content "$file.ps1" "Import-Module '$env:FLANNELPS_MODULE/FlannelPS.psd1'; $Command"
        $inner = "stty rows 20 cols 100; exec env -u NO_COLOR TERM=xterm-256color $Variable pwsh -NoProfile -File $file.ps1"
        # A fifo that is open both ways never ends, as a keyboard does not.
        $null = sh -c "mkfifo $file.in; exec 3<>$file.in; timeout 60 script -qfec '$inner' $file.out <&3 >/dev/null & sleep $After; printf '$Key' >&3; date +%s.%N >$file.key; wait `$!; date +%s.%N >$file.end"
        [pscustomobject]@{ Text = [IO.File]::ReadAllText("$file.out"); Seconds = [double](Get-Content "$file.end") - [double](Get-Content "$file.key") }
    }

    # The screen after all of it, of what the view uses: places, clearing, colours, modes.
    function Get-Screen([string] $Text) {
        $rows = [string[]]::new(21)
        foreach ($match in [regex]::Matches($Text, '\e\[(\d+);1H(?<line>(?:(?!\e\[\d+;1H|\e\[K|\e\[\?).)*)\e\[K')) { $rows[[int]$match.Groups[1].Value] = $match.Groups['line'].Value -replace '\e\[[0-9;]*m' }
        $rows[1..20]
    }
}

AfterAll {
    $peer.Kill(); $peer.WaitForExit()
    Get-FlannelNode | Stop-FlannelNode -Force
    Get-FlannelNode | Reset-FlannelNode -Force
    $etcd | Stop-LabEtcd
}

Describe 'Watch-FlannelNetwork without a terminal' {
    It 'writes no object, and says how it stands as Write-Host would' {
        Watch-FlannelNetwork flannel -Count 1 6>$null | Should -BeNullOrEmpty
        $lines = Watch-FlannelNetwork flannel -Count 1 6>&1
        "$($lines[0])" | Should -Match '^\d\d:\d\d:\d\d flannel is \w+.*\(10\.42\.\d+\.0/24, vxlan\), peers: .*1 Reachable'
        ($lines -join "`n") | Should -Not -Match "`e"
    }

    It 'says only what changes after that' {
        $watch = Start-Watch 'Watch-FlannelNetwork flannel -IntervalSeconds 1'
        try {
            Wait-Until { (Get-Told $watch).Count -gt 0 } -Seconds 20
            $null = Invoke-Etcdctl $etcd del /coreos.com/network/subnets/10.42.40.0-24
            Wait-Until { (Get-Told $watch) -match 'flannel: 10\.42\.40\.0/24 is gone' } -Seconds 20
            @((Get-Told $watch) -match 'flannel is .*peers:').Count | Should -Be 1
            $clock = [Diagnostics.Stopwatch]::StartNew()
            $watch.Shell.Stop()
            $clock.Elapsed.TotalSeconds | Should -BeLessThan 1
        }
        finally { $watch.Shell.Dispose() }
    }

    It 'ends by -TimeoutSeconds' {
        $clock = [Diagnostics.Stopwatch]::StartNew()
        Watch-FlannelNetwork -TimeoutSeconds 1 -IntervalSeconds 60 6>$null
        $clock.Elapsed.TotalSeconds | Should -BeLessThan 30
    }

    It 'takes nodes from the pipeline, and shows one that is stopped' {
        Stop-FlannelNode flannel
        try { "$(Get-FlannelNode flannel | Watch-FlannelNetwork -Count 1 6>&1)" | Should -Match 'flannel is Stopped' }
        finally { $null = Start-FlannelNode }
    }

    It 'says of a node that is not there that it is not, and of a pattern nothing' {
        $null = Get-FailureOf { Watch-FlannelNetwork nosuch -ErrorAction Stop } NodeNotFound
        Watch-FlannelNetwork nosuch* -Count 1 6>&1 | Should -BeNullOrEmpty
    }

    It 'writes plain lines to a file' {
        $text = pwsh -NoProfile -Command "Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1; Watch-FlannelNetwork flannel -Count 2 -IntervalSeconds 1" | Out-String
        $text | Should -Match 'flannel is \w+'
        $text | Should -Not -Match "`e"
    }
}

Describe 'Watch-FlannelNetwork in a terminal' -Skip:(-not $hasScript) {
    It 'takes the other screen, fits it, counts what does not fit, and gives the terminal back' {
        $run = Invoke-Terminal 'Watch-FlannelNetwork flannel -Count 2 -IntervalSeconds 1'
        $enter, $leave = $run.Text.IndexOf("`e[?1049h"), $run.Text.LastIndexOf("`e[?1049l")
        $enter | Should -BeGreaterOrEqual 0
        $leave | Should -BeGreaterThan $enter
        $run.Text.LastIndexOf("`e[?25h") | Should -BeGreaterThan $run.Text.LastIndexOf("`e[?25l")
        $run.Text.LastIndexOf("`e[?7h") | Should -BeGreaterThan $run.Text.LastIndexOf("`e[?7l")
        $screen = Get-Screen $run.Text
        $screen[0] | Should -Match '^FlannelPS  \d\d:\d\d:\d\d, every 1 s, Ctrl\+C ends$'
        $screen[1] | Should -Match '^flannel \w+  10\.42\.\d+\.0/24 at 198\.18\.0\.11 on eth0'
        $screen -match '^STATE +HOST +SUBNET' | Should -Not -BeNullOrEmpty
        $rows = @($screen -match '^(Unreachable|Programmed|Reachable|Failed|OneWay) ').Count
        $more = [int]([regex]::Match($screen -join "`n", '(?m)^and (\d+) more: ').Groups[1].Value)
        $rows + $more | Should -Be @(Get-FlannelPeer flannel).Count
        $screen | ForEach-Object { "$_".Length | Should -BeLessOrEqual 100 }
        $run.Text | Should -Match "`e\[9\dm"
        # The head's clock is written again, the table's head is not.
        [regex]::Matches($run.Text, 'FlannelPS').Count | Should -Be 2
        [regex]::Matches($run.Text, 'STATE').Count | Should -Be 1
    }

    It 'F90: ends soon after Ctrl+C, with the terminal as it was' {
        $run = Invoke-Terminal 'Watch-FlannelNetwork flannel -IntervalSeconds 3600' -After 12 -Key '\003'
        $run.Text | Should -Match 'every 3600 s'
        $run.Text.LastIndexOf("`e[?1049l") | Should -BeGreaterThan $run.Text.IndexOf("`e[?1049h")
        $run.Text.LastIndexOf("`e[?25h") | Should -BeGreaterThan $run.Text.LastIndexOf("`e[?25l")
        $run.Seconds | Should -BeLessThan 5
    }

    It 'has no colours and leaves the screen alone where the host shows none' {
        $run = Invoke-Terminal '$PSStyle.OutputRendering = "PlainText"; Watch-FlannelNetwork flannel -Count 1'
        $run.Text | Should -Not -Match "`e\[\d*m"
        $run.Text | Should -Not -Match "`e\[\?1049"
        (Get-Screen $run.Text)[1] | Should -Match '^flannel \w+  10\.42'
    }
}
