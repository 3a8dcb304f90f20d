# What a local user without rights gets of a node, and what anybody gets to see of its secrets: nothing.
BeforeAll {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1 -Force

    # As nobody, with no capability, and no group.
    function Invoke-AsNobody([string] $Line) {
        $output = setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all bash -c $Line 2>&1
        [pscustomobject]@{ Code = $LASTEXITCODE; Output = "$output" }
    }
}

AfterAll { Remove-Module FlannelPS }

Describe 'A local user without rights' {
    BeforeAll {
        $etcd = Start-LabEtcd
        Set-LabKey $etcd /coreos.com/network/config '{"Network":"10.42.0.0/16","Backend":{"Type":"vxlan"}}' 0
        $node = Start-FlannelNode
        Wait-Until { Test-Path /var/lib/flannelps/flannel/lease } 20
        $env0 = Get-Content -Raw /run/flannel/subnet.env
    }

    AfterAll {
        Stop-FlannelNode flannel
        Reset-FlannelNode flannel -Force
        $etcd | Stop-LabEtcd
    }

    It 'F62, F80: cannot <What>' -ForEach @(
        @{ What = 'read the state'; Line = 'cat /var/lib/flannelps/flannel/lease' }
        @{ What = 'list the state'; Line = 'ls /var/lib/flannelps/flannel' }
        @{ What = 'put something into the state'; Line = 'ln -s /etc/passwd /var/lib/flannelps/flannel/peers' }
        @{ What = 'write the subnet file'; Line = 'echo FLANNEL_SUBNET=192.0.2.1/24 > /run/flannel/subnet.env' }
        @{ What = 'remove the subnet file'; Line = 'rm -f /run/flannel/subnet.env; [ ! -e /run/flannel/subnet.env ]' }
        @{ What = 'exchange the subnet file'; Line = 'ln -sfn /etc/passwd /run/flannel/subnet.env' }
        @{ What = 'lay a trap beside the subnet file'; Line = 'mkfifo /run/flannel/two.env' }
        @{ What = 'lay a trap beside the socket'; Line = 'ln -s /etc/passwd /run/flannelps/two.lock' }
        @{ What = 'exchange the socket'; Line = 'rm -f /run/flannelps/flannel.sock; [ ! -e /run/flannelps/flannel.sock ]' }
        @{ What = 'hold the lock, so that no successor starts'; Line = 'flock -n /run/flannelps/flannel.lock true' }
        @{ What = 'read the environment, where a password may be'; Line = 'cat /proc/$(pgrep -x -n flannelpsd)/environ' }
        @{ What = 'end the process'; Line = 'kill -9 $(pgrep -x -n flannelpsd)' }
    ) {
        if (@(Get-Command setpriv, flock, pgrep -ErrorAction Ignore).Count -lt 3) { Set-ItResult -Skipped -Because 'setpriv, flock (util-linux) or pgrep (procps) is not installed' }
        (Invoke-AsNobody $Line).Code | Should -Not -Be 0
        (Get-FlannelNode flannel).Id | Should -Be $node.Id
        (Get-FlannelNode flannel).State | Should -Be Ready
        Get-Content -Raw /run/flannel/subnet.env | Should -Be $env0
    }

    It 'may read the subnet file, which is there for all' {
        (Invoke-AsNobody 'cat /run/flannel/subnet.env').Output | Should -Match 'FLANNEL_SUBNET=10\.42\.'
    }

    It 'F80: is told by the module that this is root''s' {
        $copy = Join-Path $TestDrive pwsh
        Copy-Item -Recurse $PSHOME $copy
        chmod -R a+rX $copy $TestDrive
        chmod a+rx "$copy/pwsh"
        chmod a+rx (Split-Path $TestDrive)
        $said = Invoke-AsNobody "HOME=/nonexistent '$copy/pwsh' -NoProfile -NonInteractive -Command 'Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1; foreach (`$command in { Stop-FlannelNode flannel -Confirm:`$false -ErrorAction Stop }, { Reset-FlannelNode flannel -Force -ErrorAction Stop }, { Start-FlannelNode other -SubnetFile /tmp/other.env }) { try { `$null = & `$command; 1 } catch { `$_.FullyQualifiedErrorId } }'"
        $said.Output | Should -Match '^PrivilegeRequired\S* PrivilegeRequired\S* PrivilegeRequired\S*$'
        (Get-FlannelNode flannel).Id | Should -Be $node.Id
    }

    It 'F62: a subnet file in a folder of his is refused, and what it leads to is not touched' {
        $folder = Join-Path $TestDrive his
        $null = New-Item -ItemType Directory $folder
        Set-Content "$TestDrive/target" untouched
        $null = New-Item -ItemType SymbolicLink "$folder/subnet.env" -Target "$TestDrive/target"
        chown -R 65534 $folder
        Set-LabKey $etcd /two/config '{"Network":"10.43.0.0/16","Backend":{"Type":"host-gw"}}' 0
        try {
            $failure = Get-FailureOf { Start-FlannelNode two -Prefix /two -SubnetFile "$folder/subnet.env" -TimeoutSeconds 2 } NodeStartTimeout
            $failure.Exception.Message | Should -Match "$folder.*(user 65534|symbolic link)"
            Get-Content "$TestDrive/target" | Should -Be untouched
        }
        finally {
            Stop-FlannelNode two
            rm "$folder/subnet.env"
            chown 0 $folder
            Reset-FlannelNode two -Force
        }
    }
}

Describe 'The secrets of a node' {
    BeforeAll {
        $pem = New-LabCertificate "$TestDrive/pem"
        $etcd = Start-LabEtcd -Scheme https -Option '--cert-file', "$pem/server.pem", '--key-file', "$pem/server-key.pem"
        $null = Invoke-Etcdctl $etcd "--cacert=$pem/ca.pem" put /coreos.com/network/config '{"Network":"10.42.0.0/16","Backend":{"Type":"vxlan"}}'
        $credential = Enable-LabAuthentication $etcd "$pem/ca.pem"
        # What must not be seen: a password that is right, one that is wrong, and what stands in the key's file.
        $wrong = "wrong$([guid]::NewGuid().ToString('n'))"
        $canaries = $credential.GetNetworkCredential().Password, $wrong, (Get-Content "$pem/client-key.pem")[1].Substring(0, 40)
    }

    AfterAll {
        Stop-FlannelNode flannel -ErrorAction Ignore
        $etcd | Stop-LabEtcd
    }

    It 'F84, I6: are in no output, transcript, error, status, event, log or command line' {
        Set-Content "$TestDrive/session.ps1" @'
param($Module, $Endpoint, $Pem, $Transcript)
$null = Start-Transcript $Transcript
Import-Module $Module
$VerbosePreference = $DebugPreference = $InformationPreference = 'Continue'
$store = @{ Endpoint = $Endpoint; CACertificatePath = "$Pem/ca.pem"; CertificatePath = "$Pem/client.pem"; KeyPath = "$Pem/client-key.pem" }
$right = [pscredential]::new('root', (ConvertTo-SecureString $env:CANARY_RIGHT -AsPlainText -Force))
$wrong = [pscredential]::new('root', (ConvertTo-SecureString $env:CANARY_WRONG -AsPlainText -Force))
Connect-FlannelStore @store -Credential $right | Format-List * -Force
Test-FlannelStore @store -Credential $right -Detailed | Format-List * -Force
try { Get-FlannelLease @store -Credential $wrong } catch { $_ | Format-List * -Force }
try { Start-FlannelNode wrong @store -Credential $wrong -SubnetFile /run/flannel/wrong.env -TimeoutSeconds 3 } catch { $_ | Format-List * -Force }
try { Start-FlannelNode wrong @store -KeyPath "$Pem/ca.pem" -Credential $right -SubnetFile /run/flannel/wrong.env -TimeoutSeconds 3 } catch { $_ | Format-List * -Force }
Stop-FlannelNode wrong
Start-FlannelNode @store -Credential $right -HealthzPort 8470 | Format-List * -Force
Get-FlannelNode | Format-List * -Force
Get-FlannelEvent | Format-List * -Force
Get-FlannelMetric | Out-String
Get-FlannelHealth http://127.0.0.1:8470 | Format-List * -Force
Get-FlannelStore | Format-List * -Force
Get-FlannelLog | Format-List * -Force
Get-FlannelLease | Format-List * -Force
'--- command lines'
Get-Content /proc/[0-9]*/cmdline -ErrorAction Ignore
Restart-FlannelNode flannel -PassThru | Format-List * -Force
Get-Content /proc/[0-9]*/cmdline -ErrorAction Ignore
$Error | Format-List * -Force
'--- the end'
$null = Stop-Transcript
'@
        $env:CANARY_RIGHT, $env:CANARY_WRONG = $canaries[0], $canaries[1]
        try {
            $said = & ([Environment]::ProcessPath) -NoProfile -NonInteractive -File "$TestDrive/session.ps1" "$env:FLANNELPS_MODULE/FlannelPS.psd1" $etcd.Endpoint $pem "$TestDrive/transcript" *>&1 | Out-String -Width 5000
        }
        finally { Remove-Item env:CANARY_RIGHT, env:CANARY_WRONG }
        $said | Should -Match '--- the end'
        $said | Should -Match 'Ready' -Because 'the node came up with the password'
        $said | Should -Match 'StoreAuthenticationFailed'
        $places = @{ Output = $said; Transcript = Get-Content -Raw "$TestDrive/transcript" }
        foreach ($file in Get-ChildItem -Recurse -File /var/log/flannelps, /var/lib/flannelps, /run/flannel) { $places[$file.FullName] = Get-Content -Raw $file }
        foreach ($place in $places.Keys) {
            foreach ($canary in $canaries) { ([string]$places[$place]).Contains($canary) | Should -BeFalse -Because "$place must not have it" }
        }
        (Get-ChildItem -Recurse -File /run/flannelps | Get-Content -Raw -ErrorAction Ignore) -join '' | Should -Not -Match ($canaries -join '|')
    }
}
