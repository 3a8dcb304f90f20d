# The check of a node's unit, against a real systemd: one script under it makes each state once, and the tests say what the check must have seen.
BeforeDiscovery {
    Import-Module $PSScriptRoot/Systemd.psm1 -Force
    $script:why = Get-SystemdProblem
}

Describe 'The check Service' -Skip:([bool]$why) {
    BeforeAll {
        Import-Module $PSScriptRoot/Systemd.psm1 -Force
        $seen = Invoke-UnderSystemd -TimeoutSeconds 240 {
            param($tests)
            Import-Module $tests/Lab.psm1
            Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1
            Initialize-Lab
            $etcd = Start-LabEtcd
            Set-LabKey $etcd /coreos.com/network/config '{"Network":"10.42.0.0/16","Backend":{"Type":"vxlan"}}'
            function Get-Seen { Test-FlannelHost -Detailed | Where-Object Name -EQ Service | ForEach-Object { "$($_.Status)|$($_.Target)|$($_.Message)|$($_.Cause)|$($_.Remedy)" } }
            # Asks until a state is told; how long that took.
            function Wait-Seen([string] $Pattern) {
                $clock = [Diagnostics.Stopwatch]::StartNew()
                while ((($text = Get-Seen) -notmatch $Pattern) -and $clock.Elapsed.TotalSeconds -lt 40) { Start-Sleep -Milliseconds 200 }
                "$([math]::Round($clock.Elapsed.TotalSeconds, 1))|$text"
            }
            $see = @{ none = Get-Seen }
            $null = Register-FlannelService -Start
            $see.good = Wait-Seen '^Pass'
            $see.node = Test-FlannelNode -Detailed | Where-Object Name -EQ Service | ForEach-Object { "$($_.Status) $($_.Target)" }
            systemctl disable --quiet flannelps@flannel.service
            $see.disabled = Wait-Seen '^Warn'
            systemctl enable --quiet flannelps@flannel.service
            $see.enabled = Wait-Seen '^Pass'
            systemctl stop flannelps@flannel.service
            $see.stopped = Wait-Seen '^Fail'
            # An option that the daemon refuses: it ends at once, and systemd starts it again.
            $null = New-Item -ItemType Directory -Force /etc/systemd/system/flannelps@flannel.service.d
            Set-Content /etc/systemd/system/flannelps@flannel.service.d/50-loop.conf '[Unit]', 'StartLimitIntervalSec=0', '[Service]', 'RestartSec=200ms', 'Restart=always', 'ExecStart=', 'ExecStart=/usr/bin/false'
            systemctl daemon-reload
            systemctl start --no-block flannelps@flannel.service
            $see.loop = Wait-Seen 'was restarted'
            Remove-Item /etc/systemd/system/flannelps@flannel.service.d/50-loop.conf
            systemctl daemon-reload
            systemctl restart flannelps@flannel.service
            $see.after = Wait-Seen '^Pass'
            $see
        } -ArgumentList $PSScriptRoot -Folder $PSScriptRoot
    }

    It 'has nothing to look at before there is a service' { $seen.none | Should -Match '^Skip\|\|No node is a service' }

    It 'passes one that is enabled and runs, of the host and of the node' {
        $seen.good | Should -Match '\|Pass\|flannelps@flannel\.service\|.* is enabled and running'
        $seen.node | Should -Be 'Pass flannelps@flannel.service'
    }

    It 'I8: <Case>' -ForEach @(
        @{ Case = 'it is disabled'; Key = 'disabled'; Status = 'Warn'; Match = 'not enabled.*systemctl enable' }
        @{ Case = 'it is stopped though enabled'; Key = 'stopped'; Status = 'Fail'; Match = 'is enabled, and stopped.*systemctl start' }
        @{ Case = 'it is in a loop of restarts'; Key = 'loop'; Status = 'Fail'; Match = 'was restarted \d+ times.*journalctl' }
    ) {
        $seconds, $status, $rest = $seen[$Key] -split '\|', 3
        $status | Should -Be $Status
        $rest | Should -Match $Match
        [double] $seconds | Should -BeLessThan 15
    }

    It 'I8: passes it again when it was put right' {
        $seen.enabled | Should -Match '\|Pass\|'
        $seen.after | Should -Match '\|Pass\|'
        [double] ($seen.after -split '\|')[0] | Should -BeLessThan 15
    }
}
