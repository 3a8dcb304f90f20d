# A node that cannot become ready says why by an id of its own.
BeforeAll {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1 -Force
    $etcd = Start-LabEtcd
}

AfterAll {
    $etcd | Stop-LabEtcd
    Remove-Module FlannelPS
}

Describe 'Start-FlannelNode, where the node cannot become ready' {
    AfterEach {
        Get-FlannelNode | Stop-FlannelNode -Cleanup
        $null = Invoke-Etcdctl $etcd del --prefix /
    }

    It 'says that all subnets are taken' {
        Set-LabKey $etcd /coreos.com/network/config '{"Network":"10.42.0.0/28","SubnetLen":30,"Backend":{"Type":"vxlan"}}'
        '10.42.0.4/30', '10.42.0.8/30', '10.42.0.12/30' | ForEach-Object { Set-LabLease $etcd $_ 198.18.0.77 }
        $failure = Get-FailureOf { Start-FlannelNode -TimeoutSeconds 2 } SubnetExhausted
        $failure.CategoryInfo.Category | Should -Be LimitsExceeded
    }

    It 'says which module the kernel lacks' {
        Set-LabKey $etcd /coreos.com/network/config '{"Network":"10.42.0.0/16","Backend":{"Type":"udp"}}'
        $null = New-Item -ItemType Directory -Force /dev/net
        Invoke-Checked mount -t tmpfs tmpfs /dev/net
        try { $failure = Get-FailureOf { Start-FlannelNode -TimeoutSeconds 3 } KernelFeatureMissing }
        finally { umount /dev/net }
        $failure.Exception.Message | Should -Match 'modprobe tun'
    }
}
