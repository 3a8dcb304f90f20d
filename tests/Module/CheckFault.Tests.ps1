# Faults put into a network that runs, one at a time: the right check names each within 15 s, and says that all is well within 15 s after its end (I8).
# A fault is a row of the table; FLANNELPS_TEST_FAULT, a regular expression, chooses some. Of three hosts by default; with FLANNELPS_TEST_LONG=1 of five, and after each fault every host is looked at: who is not concerned has nothing to tell.
#
#   Id, Fault   the promise, and what is done
#   Check       the check that must complain; Match: what evidence or cause must say
#   Node        whose it is: flannel (this namespace), h2, h3
#   Inject, Heal
#   Ask         gives the results to look at; Test-FlannelNode of the node where it is left out
#   Also        checks that may complain beside it there, because the fault reaches so far
#   Elsewhere   checks that may complain on other hosts
#   Slow        with FLANNELPS_TEST_LONG only
#   Named, Healthy   seconds until it is named, and until all is well again, where 15 cannot be had; the reason stands beside it
BeforeDiscovery {
    $cut = 'Store', 'Ready', 'Lease'
    $faults = @(
        # ---- store
        @{ Id = 'F02'; Fault = 'the store is gone'; Check = 'Store'; Also = $cut; Elsewhere = $cut; Inject = { kill -STOP $etcd.Process.Id }; Heal = { kill -CONT $etcd.Process.Id } }
        @{ Id = 'F04'; Fault = 'no endpoint answers'; Check = 'StoreContact'; Also = 'StoreMember'; Match = 'No endpoint answers'; Ask = { Test-FlannelHost -Endpoint "http://127.0.0.1:$($relay.Port)" -TimeoutSeconds 2 -Detailed }
            Inject = { $relay.Stop() }; Heal = { $relay.Start() } }
        @{ Id = 'F09'; Fault = 'the store is slow'; Check = 'StoreContact'; Match = 'overloaded'; Ask = { Test-FlannelHost -Endpoint "http://127.0.0.1:$($relay.Port)" -TimeoutSeconds 8 -Detailed }
            Inject = { $relay.Delay = 1300 }; Heal = { $relay.Delay = 0 } }
        @{ Id = 'F11'; Fault = 'one of two endpoints is dead'; Check = 'StoreMember'; Ask = { Test-FlannelHost -Endpoint $etcd.Endpoint, "http://127.0.0.1:$($relay.Port)" -TimeoutSeconds 2 -Detailed }
            Inject = { $relay.Stop() }; Heal = { $relay.Start() } }
        @{ Id = 'F02'; Fault = 'the store has no leader: two of three members stand still'; Check = 'StoreContact'; Also = 'StoreMember'; Match = 'majority'; Slow = $true
            Ask = { Test-FlannelHost -Endpoint $members[0].Endpoint -TimeoutSeconds 4 -Detailed }
            Inject = { $members[1, 2] | ForEach-Object { kill -STOP $_.Process.Id } }; Heal = { $members[1, 2] | ForEach-Object { kill -CONT $_.Process.Id } } }
        @{ Id = 'F13'; Fault = 'the store''s certificate is of another authority'; Check = 'StoreContact'; Also = 'StoreMember'; Match = 'does not trust'; Ask = { Test-FlannelHost -Endpoint $secure.Endpoint -CACertificatePath "$TestDrive/ca.pem" -TimeoutSeconds 2 -Detailed }
            Inject = { Copy-Item "$TestDrive/foreign/ca.pem" "$TestDrive/ca.pem" }; Heal = { Copy-Item "$TestDrive/pki/ca.pem" "$TestDrive/ca.pem" } }
        @{ Id = 'F12'; Fault = 'the store is full'; Check = 'StoreWrite'; Match = 'space'; Ask = { Test-FlannelHost -Endpoint $full.Endpoint -Detailed }
            Inject = { 1..40 | ForEach-Object { 'x' * 8000 | etcdctl "--endpoints=$($full.Endpoint)" put "/fill/$_" 2>&1 } | Out-Null }
            Heal = {
                $null = Invoke-Etcdctl $full del --prefix /fill/
                $revision = (Invoke-Checked etcdctl "--endpoints=$($full.Endpoint)" endpoint status -w json | ConvertFrom-Json).Status.header.revision
                $null = Invoke-Etcdctl $full compact $revision
                $null = Invoke-Etcdctl $full defrag
                $null = Invoke-Etcdctl $full alarm disarm
            } }
        @{ Id = 'F14'; Fault = 'the password is another one'; Check = 'StoreContact'; Match = 'password'; Ask = { Test-FlannelHost -Endpoint $guarded.Endpoint -Credential $member -TimeoutSeconds 3 -Detailed }
            Inject = { $null = Invoke-AsRoot role revoke-permission --prefix member /coreos.com/; 'other' | etcdctl "--endpoints=$($guarded.Endpoint)" "--user=root:$rootPassword" user passwd --interactive=false member | Out-Null; $null = Invoke-AsRoot role grant-permission --prefix member readwrite /coreos.com/ }
            Heal = { 'member' | etcdctl "--endpoints=$($guarded.Endpoint)" "--user=root:$rootPassword" user passwd --interactive=false member | Out-Null } }
        @{ Id = 'F14'; Fault = 'the role may only read'; Check = 'StoreWrite'; Match = 'role'; Ask = { Test-FlannelHost -Endpoint $guarded.Endpoint -Credential $member -TimeoutSeconds 3 -Detailed }
            Inject = { $null = Invoke-AsRoot role revoke-permission --prefix member /coreos.com/; $null = Invoke-AsRoot role grant-permission --prefix member read /coreos.com/ }
            Heal = { $null = Invoke-AsRoot role revoke-permission --prefix member /coreos.com/; $null = Invoke-AsRoot role grant-permission --prefix member readwrite /coreos.com/ } }
        # Each question starts a shell of its own, which a busy machine takes its time for.
        @{ Id = 'F27'; Fault = 'this host''s clock is two hours off'; Check = 'Clock'; Match = '2 h'; Named = 60; Healthy = 60; Needs = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1'
            Ask = { Invoke-Aside "Test-FlannelHost -Endpoint $($etcd.Endpoint) -Detailed" -Variable $shift }
            Inject = { $shift.LD_PRELOAD = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1'; $shift.FAKETIME = '-2h'; $shift.FAKETIME_DONT_FAKE_MONOTONIC = '1' }; Heal = { $shift.Clear() } }

        # ---- configuration
        @{ Id = 'F26'; Fault = 'there is no configuration'; Check = 'NetworkConfig'; Match = 'Set-FlannelNetworkConfig'; Ask = { Test-FlannelHost -Prefix /spare -Detailed }
            Inject = { $null = Invoke-Etcdctl $etcd del /spare/config }; Heal = { Set-LabKey $etcd /spare/config $spare } }
        @{ Id = 'F26'; Fault = 'the configuration cannot be used'; Check = 'NetworkConfig'; Match = 'SubnetLen'; Ask = { Test-FlannelHost -Prefix /spare -Detailed }
            Inject = { Set-LabKey $etcd /spare/config '{"Network":"10.44.0.0/16","SubnetLen":8}' }; Heal = { Set-LabKey $etcd /spare/config $spare } }
        @{ Id = 'F26'; Fault = 'the configuration was changed under the nodes'; Check = 'Configuration'; Match = 'restarted'; Elsewhere = 'Configuration'
            Inject = { Set-LabKey $etcd /coreos.com/network/config ($config -replace '"vxlan"', '"vxlan","VNI":7') }; Heal = { Set-LabKey $etcd /coreos.com/network/config $config } }
        @{ Id = 'F67'; Fault = 'the network overlaps what the host is connected to'; Check = 'Overlap'; Node = 'h2'; Match = '10\.42\.250\.7/24'
            Inject = { ip -n h2 link add eth1 type veth peer name far0; ip -n h2 addr add 10.42.250.7/24 dev eth1 }; Heal = { ip -n h2 link del eth1 } }

        # ---- leases
        @{ Id = 'F21'; Fault = 'somebody overwrites the node''s lease'; Check = 'Lease'; Node = 'h3'; Match = 'Conflict'; Also = 'Ready', 'Peers', 'Routes', 'Neighbors', 'Probes', 'LeaseOwner', 'SubnetFile', 'Device'; Elsewhere = 'Probes', 'Peers'
            Inject = { Set-LabLease $etcd $subnet.h3 198.18.0.99 }
            Heal = { $null = Invoke-Etcdctl $etcd del "/coreos.com/network/subnets/$($subnet.h3 -replace '/', '-')"; Wait-Until { (Repair-FlannelNode h3 -Component Lease).Succeeded } } }
        @{ Id = 'F02'; Fault = 'a lease is not renewed and ends soon'; Check = 'Lease'; Node = 'h2'; Match = 'ends in|StoreUnreachable'; Also = $cut; Elsewhere = $cut; Slow = $true
            Inject = { kill -STOP $etcd.Process.Id }; Heal = { kill -CONT $etcd.Process.Id } }
        @{ Id = 'F66'; Fault = 'a key among the leases is none'; Check = 'JunkLease'; Match = '10\.42\.200\.0-24'; Elsewhere = 'JunkLease'
            Inject = { $null = Invoke-Etcdctl $etcd put /coreos.com/network/subnets/10.42.200.0-24 'no lease' }; Heal = { $null = Invoke-Etcdctl $etcd del /coreos.com/network/subnets/10.42.200.0-24 } }
        @{ Id = 'F24'; Fault = 'two leases have one public IP'; Check = 'LeaseOwner'; Match = '10\.42\.201\.0/24'; Also = 'Probes', 'Peers'; Elsewhere = 'LeaseOwner', 'Probes', 'Peers'
            Inject = { Set-LabLease $etcd 10.42.201.0/24 198.18.0.12 }; Heal = { $null = Invoke-Etcdctl $etcd del /coreos.com/network/subnets/10.42.201.0-24 } }
        # The clone is refused when its first look has shown that the first machine lives.
        @{ Id = 'F24'; Fault = 'a machine was cloned with its identity'; Check = 'Identity'; Match = 'second machine'; Ask = { Test-FlannelHost -Detailed }; Slow = $true
            Inject = {
                $null = New-Item -ItemType Directory /var/lib/flannelps/clone
                Copy-Item /var/lib/flannelps/h2/identity /var/lib/flannelps/clone
                $script:clone = Start-Process ip ('netns', 'exec', 'h9', $daemon, '--name=clone', '--subnet-file=/run/flannel/clone.env', "--etcd-endpoints=$($etcd.Remote)") -PassThru -RedirectStandardError /tmp/clone.log
            }
            Heal = { kill -TERM $clone.Id; $clone.WaitForExit() } }
        @{ Id = 'F67'; Fault = 'a lease lies outside the network'; Check = 'Peers'; Match = '10\.99\.1\.0/24'; Also = 'LeaseOwner'; Elsewhere = 'Peers', 'LeaseOwner'
            Inject = { Set-LabLease $etcd 10.99.1.0/24 198.18.0.88 }; Heal = { $null = Invoke-Etcdctl $etcd del /coreos.com/network/subnets/10.99.1.0-24 } }
        @{ Id = 'F68'; Fault = 'a lease has another VNI'; Check = 'LeaseBackend'; Match = 'VNI is 7'; Ask = { Test-FlannelHost -Detailed }; Elsewhere = 'Peers'
            Inject = { Set-LabKey $etcd /coreos.com/network/subnets/10.42.202.0-24 '{"PublicIP":"198.18.0.87","BackendType":"vxlan","BackendData":{"VNI":7,"VtepMAC":"02:00:0a:2a:ca:00"}}' }; Heal = { $null = Invoke-Etcdctl $etcd del /coreos.com/network/subnets/10.42.202.0-24 } }
        @{ Id = 'F47'; Fault = 'two peers have one MAC'; Check = 'Peers'; Match = 'claimed by'; Also = 'Probes', 'Neighbors', 'Routes'; Elsewhere = 'Peers', 'Probes', 'Neighbors', 'Routes'
            Inject = {
                $mac = (ip -n h2 -json link show flannel.1 | ConvertFrom-Json).address
                Set-LabKey $etcd /coreos.com/network/subnets/10.42.203.0-24 "{`"PublicIP`":`"198.18.0.86`",`"BackendType`":`"vxlan`",`"BackendData`":{`"VNI`":1,`"VtepMAC`":`"$mac`"}}"
            }
            Heal = { $null = Invoke-Etcdctl $etcd del /coreos.com/network/subnets/10.42.203.0-24 } }

        # ---- interface
        @{ Id = 'F42'; Fault = 'the interface to other hosts goes down'; Check = 'Interface'; Node = 'h3'; Also = 'Ready', 'Store', 'Lease', 'Device', 'Routes', 'Neighbors', 'Peers', 'Probes', 'ReversePath'; Elsewhere = 'Probes'
            Inject = { ip -n h3 link set eth0 down }; Heal = { ip -n h3 link set eth0 up; ip -n h3 route add default via 198.18.0.1 } }
        @{ Id = 'F42'; Fault = 'the interface is VirtualBox''s NAT'; Check = 'Interface'; Match = 'VirtualBox'; Ask = { Test-FlannelHost -Interface vbox -Detailed }
            Inject = { ip addr del 192.0.2.15/24 dev vbox; ip addr add 10.0.2.15/24 dev vbox }; Heal = { ip addr del 10.0.2.15/24 dev vbox; ip addr add 192.0.2.15/24 dev vbox } }
        @{ Id = 'F42'; Fault = 'the interface is not there'; Check = 'Interface'; Match = 'vbox'; Also = 'InterfaceMtu'; Ask = { Test-FlannelHost -Interface vbox -Detailed }
            Inject = { ip link set vbox down; ip link set vbox name vbox7 }; Heal = { ip link set vbox7 name vbox; ip link set vbox up } }
        @{ Id = 'F42'; Fault = 'the interface has a small MTU'; Check = 'InterfaceMtu'; Match = '1250'; Ask = { Test-FlannelHost -Interface vbox -Detailed }
            Inject = { ip link set vbox mtu 1300 }; Heal = { ip link set vbox mtu 1500 } }
        @{ Id = 'F43'; Fault = 'the workloads'' bridge stands in a subnet of before'; Check = 'Bridge'; Node = 'h3'; Match = 'cni0'; Also = 'Overlap'
            Inject = { ip -n h3 link add cni0 type bridge; ip -n h3 addr add 10.42.251.1/24 dev cni0 }; Heal = { ip -n h3 link del cni0 } }

        # ---- tunnel
        @{ Id = 'F76'; Fault = 'the tunnel''s port is closed here'; Check = 'TunnelRule'; Node = 'h2'; Match = 'nftables inet wall, chain input, rule 1'; Also = 'Probes'; Elsewhere = 'Probes'
            Inject = { Add-Wall h2 input 'udp dport 8472 drop' }; Heal = { ip netns exec h2 nft delete table inet wall } }
        @{ Id = 'F76'; Fault = 'the tunnel''s port is closed on another host'; Check = 'PeerReach'; Match = 'UDP 8472 is blocked'; Also = 'PeerMtu'; Ask = { Invoke-FlannelCheck -Name flannel -Tag Comprehensive }; Elsewhere = 'Probes', 'TunnelRule'
            Inject = { Add-Wall h2 input 'udp dport 8472 drop' }; Heal = { ip netns exec h2 nft delete table inet wall } }
        @{ Id = 'F76'; Fault = 'a host is gone'; Check = 'Probes'; Match = 'Unreachable'; Elsewhere = 'Probes', 'Store', 'Ready', 'Lease', 'Interface'
            Inject = { ip -n lan link set h3 down }; Heal = { ip -n lan link set h3 up } }
        @{ Id = 'F75'; Fault = 'frames that are too long vanish on the way'; Check = 'PeerMtu'; Match = 'MTU black hole'; Ask = { Invoke-FlannelCheck -Name flannel -Tag Comprehensive }; Elsewhere = 'Probes'
            Inject = { ip -n lan link set h2 mtu 1400 }; Heal = { ip -n lan link set h2 mtu 1500 } }
        @{ Id = 'F75'; Fault = 'long packets vanish, by the node''s own probes'; Check = 'Probes'; Match = 'MtuLimited'; Elsewhere = 'Probes'
            Inject = { ip -n lan link set h2 mtu 1400 }; Heal = { ip -n lan link set h2 mtu 1500 } }
        @{ Id = 'F75'; Fault = 'the way is cut in one direction'; Check = 'Probes'; Match = 'OneWay'; Elsewhere = 'Probes'
            Inject = { Add-Ditch 'iifname h1 oifname h2 udp dport 8472 drop' }; Heal = { ip netns exec lan nft delete table bridge ditch } }
        @{ Id = 'F75'; Fault = 'a good part of the packets is lost'; Check = 'PeerReach'; Match = 'answered \d of 10'; Ask = { Invoke-FlannelCheck -Name flannel -Tag Comprehensive }; Also = 'Probes'; Elsewhere = 'Probes'
            Inject = { Add-Ditch 'iifname h1 oifname h2 udp dport 8472 numgen random mod 100 < 45 drop' }; Heal = { ip netns exec lan nft delete table bridge ditch } }
        # Chance decides when the probes meet the first loss.
        @{ Id = 'F75'; Fault = 'a good part of the packets is lost, by the node''s own probes'; Check = 'Probes'; Match = 'Lossy'; Elsewhere = 'Probes'; Named = 20
            Inject = { Add-Ditch 'iifname h1 oifname h2 udp dport 8472 numgen random mod 100 < 45 drop' }; Heal = { ip netns exec lan nft delete table bridge ditch } }
        @{ Id = 'F75'; Fault = 'UDP arrives with a wrong checksum'; Check = 'Checksum'; Match = 'checksum offload'
            Inject = { $script:sending = Start-ThreadJob $sendBadChecksums }; Heal = { Stop-Job $sending; Remove-Job $sending } }
        @{ Id = ''; Fault = 'another program has the tunnel''s port'; Check = 'TunnelPort'; Match = 'process'; Ask = { Test-FlannelHost -Prefix /spare -Detailed }
            Inject = { $script:socket = [Net.Sockets.UdpClient]::new(8999) }; Heal = { $socket.Dispose() } }
        @{ Id = 'F74'; Fault = 'a host without a lease sends into the vxlan tunnel'; Check = 'Strangers'; Node = 'h2'; Match = 'without a lease'
            Inject = { $script:sender = Start-Sender lan 198.18.0.12/8472 }; Heal = { Stop-Started $sender } }
        @{ Id = 'F70'; Fault = 'who is no peer sends to the udp tunnel'; Check = 'Strangers'; Node = 'u2'; Match = 'no peer'
            Inject = { $script:sender = Start-Sender lan 198.18.0.12/8285 }; Heal = { Stop-Started $sender } }
        @{ Id = 'F71'; Fault = 'a peer''s workload spoofs its address'; Check = 'Strangers'; Node = 'u2'; Match = 'spoof'
            Inject = {
                ip -n h3 addr add 203.0.113.9/32 dev lo
                $target = (Get-FlannelNode u2).Subnet.BaseAddress
                $script:sender = Start-Process ip ('netns', 'exec', 'h3', 'ping', '-i', '0.2', '-I', '203.0.113.9', "$target") -PassThru -RedirectStandardOutput /dev/null
            }
            Heal = { Stop-Started $sender; ip -n h3 addr del 203.0.113.9/32 dev lo } }

        # ---- kernel
        @{ Id = 'F45'; Fault = 'net.ipv4.ip_forward is off'; Check = 'Forwarding'; Node = 'h3'; Match = 'ip_forward is 0'
            Inject = { Set-LabSetting net.ipv4.ip_forward 0 h3 }; Heal = { Set-LabSetting net.ipv4.ip_forward 1 h3 } }
        @{ Id = 'F45'; Fault = 'rp_filter is strict, and there is a second way out'; Check = 'ReversePath'; Node = 'h2'; Match = '2 ways'
            Inject = { ip -n h2 link add eth1 type veth peer name far0; ip -n h2 addr add 203.0.113.2/24 dev eth1; ip -n h2 link set far0 up; ip -n h2 link set eth1 up; ip -n h2 route add default via 203.0.113.1 metric 500; Set-LabSetting net.ipv4.conf.eth0.rp_filter 1 h2 }
            Heal = { Set-LabSetting net.ipv4.conf.eth0.rp_filter 0 h2; ip -n h2 link del eth1 } }
        @{ Id = 'F45'; Fault = 'a bridge of workloads that iptables does not see'; Check = 'BridgeFilter'; Node = 'h2'; Match = 'br_netfilter|bridge-nf-call-iptables'
            Inject = { ip -n h2 link add br1 type bridge; ip -n h2 addr add "$(([ipaddress[]] (Get-FlannelNode h2).Subnet.BaseAddress)[0] -replace '\d+$', '1')/24" dev br1; if (Test-Path /proc/sys/net/bridge) { Set-LabSetting net.bridge.bridge-nf-call-iptables 0 h2 } }
            Heal = { if (Test-Path /proc/sys/net/bridge) { Set-LabSetting net.bridge.bridge-nf-call-iptables 1 h2 }; ip -n h2 link del br1 } }
        @{ Id = 'F40'; Fault = 'a route that another program puts back again and again'; Check = 'ContestedRoute'; Node = 'h2'; Match = 'ip monitor route'; Also = 'Routes', 'Peers', 'Ready', 'Overlap', 'Probes', 'Neighbors', 'Repairs'; Elsewhere = 'Probes'
            Inject = { Wait-Until { ip -n h2 route replace $subnet.h3 via 198.18.0.1 proto static; Get-FlannelPeer h2 -State Failed } -Seconds 30 }; Heal = { ip -n h2 route del $subnet.h3 via 198.18.0.1 } }
        @{ Id = 'F41'; Fault = 'something changes the device''s MAC again and again'; Check = 'Repairs'; Node = 'h3'; Match = 'again and again'; Also = 'Device', 'Ready', 'Probes', 'SubnetFile', 'Routes', 'Neighbors', 'Peers'; Elsewhere = 'Probes'
            Inject = { $script:sender = Start-Loop h3 'ip link set flannel.1 address 02:11:22:33:44:55' }; Heal = { Stop-Started $sender } }

        # ---- firewall
        @{ Id = 'F51'; Fault = 'the policy of FORWARD is DROP'; Check = 'ForwardRule'; Node = 'h3'; Match = 'chain FORWARD, policy'
            Inject = { ip netns exec h3 iptables -P FORWARD DROP }; Heal = { ip netns exec h3 iptables -P FORWARD ACCEPT } }
        @{ Id = 'F51'; Fault = 'a rule of iptables rejects, in a chain that is jumped to'; Check = 'ForwardRule'; Node = 'h3'; Match = 'chain LOCKED, rule 2.*nobody passes.*rejects'
            Inject = {
                foreach ($words in '-N LOCKED', '-A LOCKED -i lo -j ACCEPT', '-A LOCKED -m comment --comment "nobody passes" -j REJECT', '-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT', '-A FORWARD -s 10.42.0.0/16 -j LOCKED') {
                    Invoke-Checked ip netns exec h3 sh -c "iptables $words"
                }
            }
            Heal = { ip netns exec h3 sh -c 'iptables -F FORWARD; iptables -F LOCKED; iptables -X LOCKED' } }
        @{ Id = 'F51'; Fault = 'a table of nftables drops, as firewalld''s would'; Check = 'ForwardRule'; Node = 'h3'; Match = 'nftables inet wall, chain forward, rule 1'
            Inject = { Add-Wall h3 forward 'ip saddr 10.42.0.0/16 drop' }; Heal = { ip netns exec h3 nft delete table inet wall } }
        @{ Id = ''; Fault = 'another program masquerades what goes between workloads, as Docker does'; Check = 'Masquerade'; Node = 'h2'; Match = 'chain POSTROUTING, rule 1'
            Inject = { Invoke-Checked ip netns exec h2 iptables -t nat -A POSTROUTING -s 10.42.0.0/16 '!' -o docker0 -j MASQUERADE }; Heal = { ip netns exec h2 iptables -t nat -D POSTROUTING -s 10.42.0.0/16 '!' -o docker0 -j MASQUERADE } }
        @{ Id = 'F43'; Fault = 'a predecessor''s rules masquerade a second time'; Check = 'Masquerade'; Node = 'h2'; Match = '2 rules masquerade'
            Inject = { Invoke-Checked ip netns exec h2 iptables -t nat -A POSTROUTING -s 10.42.0.0/16 '!' -d 10.42.0.0/16 -j MASQUERADE }; Heal = { ip netns exec h2 iptables -t nat -D POSTROUTING -s 10.42.0.0/16 '!' -d 10.42.0.0/16 -j MASQUERADE } }
        @{ Id = 'F50'; Fault = 'something flushes the rules again and again'; Check = 'Repairs'; Node = 'h2'; Match = 'firewall'; Also = 'NodeFirewall', 'Masquerade', 'Ready'; Elsewhere = 'Repairs', 'NodeFirewall'
            Inject = { $script:sender = Start-Loop h2 'nft flush ruleset' }; Heal = { Stop-Started $sender } }

        @{ Id = 'F53'; Fault = 'the program for rules fails'; Check = 'NodeFirewall'; Node = 'h2'; Match = 'could not be set'; Also = 'Masquerade', 'Ready'
            Inject = { Copy-Item $nft "$TestDrive/nft"; Invoke-Checked nsenter -t (Get-DaemonOf h2) -m mount --bind /usr/bin/false $nft; ip netns exec h2 "$TestDrive/nft" delete table ip flannelps-h2 }; Heal = { nsenter -t (Get-DaemonOf h2) -m umount $nft } }

        # ---- files
        @{ Id = 'F60'; Fault = 'a folder stands where the subnet file belongs'; Check = 'SubnetFile'; Node = 'h2'; Also = 'Place', 'Ready'
            Inject = { Remove-Item /run/flannel/h2.env; $null = New-Item -ItemType Directory /run/flannel/h2.env }; Heal = { Remove-Item /run/flannel/h2.env } }
        @{ Id = 'F62'; Fault = 'somebody else could exchange the subnet file'; Check = 'Place'; Match = 'chmod go-w'; Ask = { Test-FlannelHost -SubnetFile /run/flannel/place/subnet.env -Detailed }
            Inject = { chmod 0777 /run/flannel/place }; Heal = { chmod 0755 /run/flannel/place } }
        @{ Id = 'F61'; Fault = 'the subnet file''s place is read-only'; Check = 'Place'; Match = 'read-only'; Ask = { Test-FlannelHost -SubnetFile /run/flannel/place/subnet.env -Detailed }
            Inject = { Invoke-Checked mount -t tmpfs -o 'ro,mode=0755' tmpfs /run/flannel/place }; Heal = { umount /run/flannel/place } }
        @{ Id = 'F60'; Fault = 'the disk is full'; Check = 'Place'; Match = 'full'; Ask = { Test-FlannelHost -SubnetFile /run/flannel/place/subnet.env -Detailed }
            Inject = { Invoke-Checked mount -t tmpfs -o 'size=2m,mode=0755' tmpfs /run/flannel/place; [IO.File]::WriteAllBytes('/run/flannel/place/filler', [byte[]]::new(1500000)) }; Heal = { umount /run/flannel/place } }

        # ---- node
        @{ Id = 'F31'; Fault = 'the daemon hangs'; Check = 'Answers'; Node = 'h3'; Match = 'no answer'; Elsewhere = 'Probes'
            Inject = { kill -STOP (Get-DaemonOf h3) }; Heal = { kill -CONT (Get-DaemonOf h3) } }
        @{ Id = 'F30'; Fault = 'the daemon is killed'; Check = 'Answers'; Node = 'h3'; Match = 'does not run|runs'; Elsewhere = 'Probes'
            Inject = { kill -9 (Get-DaemonOf h3) }; Heal = { $script:started += Start-LabPeer @{ Name = 'h3' } $etcd.Remote $option.h3 } }
        @{ Id = 'F32'; Fault = 'another node has the subnet file'; Check = 'SecondDaemon'; Match = 'Stop-FlannelNode rival'; Ask = { Test-FlannelHost newcomer -SubnetFile /run/flannel/rival.env -Prefix /spare -Detailed }; Also = 'TunnelPort', 'Overlap'
            Inject = { $null = Start-FlannelNode -Name rival -Prefix /rival -SubnetFile /run/flannel/rival.env }; Heal = { Stop-FlannelNode rival; Reset-FlannelNode rival -Force } }
        @{ Id = 'F32'; Fault = 'flanneld runs beside the node'; Check = 'Flanneld'; Node = 'h2'; Match = 'process'
            Inject = { $script:sender = Start-Process ip ('netns', 'exec', 'h2', "$TestDrive/flanneld", '60') -PassThru }; Heal = { Stop-Started $sender } }
    ) | ForEach-Object {
        $row = $_
        foreach ($name in 'Also', 'Elsewhere') { $row[$name] = @($row[$name] | Where-Object { $_ }) }
        foreach ($name in 'Match', 'Ask', 'Needs', 'Slow') { $row[$name] ??= $null }
        $row.Node ??= 'flannel'
        $row.Healthy ??= 15
        $row.Named ??= 15
        $row
    } | Where-Object { ($env:FLANNELPS_TEST_LONG -eq '1' -or -not $_.Slow) -and "$($_.Id) $($_.Fault) $($_.Check)" -match $env:FLANNELPS_TEST_FAULT }
}

BeforeAll {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    Import-Module $PSScriptRoot/Relay.psm1 -Force
    Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1 -Force
    $isLong = $env:FLANNELPS_TEST_LONG -eq '1'
    $daemon = Join-Path $env:FLANNELPS_MODULE 'runtimes/linux-x64/native/flannelpsd'
    $config = '{"Network":"10.42.0.0/16","SubnetMax":"10.42.199.0","Backend":{"Type":"vxlan"}}'
    $spare = '{"Network":"10.44.0.0/16","Backend":{"Type":"vxlan","VNI":5,"Port":8999}}'
    $etcd = Start-LabEtcd
    Set-LabKey $etcd /coreos.com/network/config $config
    Set-LabKey $etcd /spare/config $spare
    Set-LabKey $etcd /rival/config '{"Network":"10.45.0.0/16","Backend":{"Type":"alloc"}}'
    Set-LabKey $etcd /udp/config '{"Network":"10.43.0.0/16","Backend":{"Type":"udp"}}'

    # Stores beside the network's own, each with a fault that it can have.
    $relay = New-LabRelay 2999 2379
    $full = Start-LabEtcd -Port 2579 -Option '--quota-backend-bytes=65536'
    $pki = New-LabCertificate "$TestDrive/pki"
    $null = New-LabCertificate "$TestDrive/foreign"
    Copy-Item "$pki/ca.pem" "$TestDrive/ca.pem"
    $secure = Start-LabEtcd -Port 2479 -Scheme https -Option '--cert-file', "$pki/server.pem", '--key-file', "$pki/server-key.pem"
    $guarded = Start-LabEtcd -Port 2679
    $full, $guarded | ForEach-Object { Set-LabKey $_ /coreos.com/network/config $spare }
    $null = Invoke-Etcdctl $secure "--cacert=$pki/ca.pem" put /coreos.com/network/config $spare
    $null = Invoke-Etcdctl $guarded role add member
    $null = Invoke-Etcdctl $guarded role grant-permission --prefix member readwrite /coreos.com/
    $null = Invoke-Etcdctl $guarded user add member:member
    $null = Invoke-Etcdctl $guarded user grant-role member member
    $rootPassword = (Enable-LabAuthentication $guarded).GetNetworkCredential().Password
    $member = [pscredential]::new('member', (ConvertTo-SecureString member -AsPlainText -Force))
    function Invoke-AsRoot { Invoke-Checked etcdctl "--endpoints=$($guarded.Endpoint)" "--user=root:$rootPassword" @args }
    $members = @()
    if ($isLong) {
        $cluster = 2779, 2789, 2799
        $initial = ($cluster | ForEach-Object { "e$_=http://127.0.0.1:$($_ + 10000)" }) -join ','
        $members = @($cluster | ForEach-Object { Start-LabEtcd -Port $_ -NoWait -Option '--initial-cluster', $initial })
        Wait-Until { Test-FlannelStore -Endpoint $members[0].Endpoint -ErrorAction Ignore } -Seconds 30
        Set-LabKey $members[0] /coreos.com/network/config $spare
    }

    # The hosts: h2 with a short lease and masquerading, h3 without rules that would let the network pass, and two that nothing is done to.
    $names = @('h2', 'h3') + @($isLong ? 'h4', 'h5' : @())
    $option = @{ h2 = @('--subnet-lease-ttl=20', '--ip-masq'); h3 = @('--iptables-forward-rules=false'); h4 = @(); h5 = @() }
    $script:started = @()
    $null = New-LabHost 9
    foreach ($name in $names) {
        $null = New-LabHost ([int] "$($name[1])")
        $script:started += Start-LabPeer @{ Name = $name } $etcd.Remote $option.$name
    }
    foreach ($number in 2, 3) {
        $script:started += Start-Process ip ('netns', 'exec', "h$number", $daemon, "--name=u$number", "--subnet-file=/run/flannel/u$number.env", "--etcd-endpoints=$($etcd.Remote)", '--etcd-prefix=/udp') -PassThru -RedirectStandardError "/tmp/u$number.log" -RedirectStandardOutput /dev/null
        Wait-Until { Test-Path "/run/flannel/u$number.env" }
    }
    $null = Start-FlannelNode -LeaseTtlSeconds 3600
    $all = @('flannel') + $names + 'u2', 'u3'
    Wait-Until { @(Get-FlannelPeer flannel -State Reachable).Count -eq $names.Count -and @(Get-FlannelPeer u2 -State Reachable).Count -eq 1 } -Seconds 30
    $subnet = @{}
    Get-FlannelNode | ForEach-Object { $subnet[$_.Name] = "$($_.Subnet)" }

    $nft = readlink -f (Get-Command nft).Source
    $null = New-Item -ItemType Directory /run/flannel/place
    Invoke-Checked ip link add vbox type veth peer name farbox
    Invoke-Checked ip link set farbox up
    Invoke-Checked ip addr add 192.0.2.15/24 dev vbox
    Invoke-Checked ip link set vbox up
    Copy-Item (Get-Command sleep).Source $TestDrive/flanneld
    $shift = @{}
    $script:times = [Collections.Generic.List[object]]::new()

    # Datagrams whose checksum is wrong, to a socket that is there.
    $sendBadChecksums = {
        $receiver = [Net.Sockets.UdpClient]::new([Net.IPEndPoint]::new([ipaddress]::Loopback, 9999))
        $socket = [Net.Sockets.Socket]::new('InterNetwork', 'Raw', 'Udp')
        try {
            foreach ($time in 1..600) {
                $null = $socket.SendTo([byte[]] (0x12, 0x34, 0x27, 0x0f, 0, 12, 0xde, 0xad, 1, 2, 3, 4), [Net.IPEndPoint]::new([ipaddress]::Loopback, 0))
                Start-Sleep -Milliseconds 100
            }
        }
        finally { $socket.Dispose(); $receiver.Dispose() }
    }

    # A rule in a chain of a table of its own, on a host.
    function Add-Wall([string] $Name, [string] $Hook, [string] $Rule) {
        Invoke-Checked ip netns exec $Name nft add table inet wall
        Invoke-Checked ip netns exec $Name nft add chain inet wall $Hook "{ type filter hook $Hook priority 10; }"
        Invoke-Checked ip netns exec $Name nft add rule inet wall $Hook @($Rule -split ' ')
    }
    # The same on the way between hosts.
    function Add-Ditch([string] $Rule) {
        Invoke-Checked ip netns exec lan nft add table bridge ditch
        Invoke-Checked ip netns exec lan nft add chain bridge ditch forward '{ type filter hook forward priority 0; }'
        Invoke-Checked ip netns exec lan nft add rule bridge ditch forward @($Rule -split ' ')
    }
    # What goes on until it is stopped: a command ten times a second, and a VXLAN frame, or anything for a UDP port.
    function Start-Loop([string] $Name, [string] $Command) { Start-Process ip ('netns', 'exec', $Name, 'bash', '-c', "`"for i in {1..900}; do $Command; sleep 0.1; done`"") -PassThru -RedirectStandardOutput /dev/null -RedirectStandardError /tmp/loop.log }
    function Start-Sender([string] $Name, [string] $To) { Start-Loop $Name "printf '\x08\x00\x00\x00\x00\x00\x01\x00%s' somethingthatisnoframeatall > /dev/udp/$To" }
    function Stop-Started($Process) {
        if (-not $Process.HasExited) { $Process.Kill($true); $Process.WaitForExit() }
    }
    function Get-DaemonOf([string] $Name) { ip netns pids $Name | Where-Object { (Get-Content -Raw "/proc/$_/cmdline" -ErrorAction Ignore) -match "--name=$Name\b" } }
    # A command in a shell of its own, with variables that this one must not have.
    function Invoke-Aside([string] $Command, [hashtable] $Variable) {
        $words = @($Variable.GetEnumerator() | ForEach-Object { "$($_.Key)=$($_.Value)" })
        $json = env @words ([Environment]::ProcessPath) -NoProfile -NonInteractive -Command "Import-Module '$env:FLANNELPS_MODULE/FlannelPS.psd1'; ConvertTo-Json -EnumsAsStrings -Depth 2 @($Command)"
        $json | ConvertFrom-Json
    }

    function Get-Complaint($Result) { @($Result | Where-Object Status -In Fail, Warn) }
    function Show-Complaint($Result) { (Get-Complaint $Result | ForEach-Object { "$($_.Node) $($_.Status) $($_.Name) ($($_.Target)): $($_.Message)" }) -join [Environment]::NewLine }
    # Asks until a condition holds of the results; how long that took from a moment on.
    function Measure-Until([Diagnostics.Stopwatch] $Clock, [scriptblock] $Question, [scriptblock] $Condition, [double] $Seconds) {
        while ($true) {
            $asked = $Clock.Elapsed.TotalSeconds
            $results = @(& $Question)
            if ((& $Condition $results) -and $Clock.Elapsed.TotalSeconds -le $Seconds) { return [pscustomobject]@{ Seconds = $Clock.Elapsed.TotalSeconds; Results = $results } }
            if ($asked -gt $Seconds) { throw "It did not come within $Seconds s. What is told: $(Show-Complaint $results)" }
            Start-Sleep -Milliseconds 100
        }
    }
    # Faults that follow one another closely cost each way a probe or two: for a minute that is loss, and it was.
    function Get-Lasting($Result) { Get-Complaint $Result | Where-Object { -not ($_.Name -eq 'Probes' -and $_.Message -like 'Lossy*') } }
    function Test-All { $all | ForEach-Object { Test-FlannelNode $_ -Detailed } }
}

AfterAll {
    if ($times.Count) {
        # Shown, and kept where the documentation's figures come from.
        $times | Sort-Object Named -Descending | Format-Table Id, Check, Named, Healthy, Fault -AutoSize | Out-String -Width 160 | Write-Host
        foreach ($kind in 'Named', 'Healthy') {
            $sorted = @($times.$kind | Sort-Object)
            Write-Host "$kind within: worst $($sorted[-1]) s, median $($sorted[[math]::Floor($sorted.Count / 2)]) s, of $($sorted.Count) faults"
        }
    }
    Get-FlannelNode flannel -ErrorAction Ignore | Stop-FlannelNode -Force -ErrorAction Ignore
    $started | Where-Object { -not $_.HasExited } | ForEach-Object { $_.Kill(); $_.WaitForExit() }
    $names + 'h9' | ForEach-Object { Remove-LabHost ([int] "$($_[1])") }
    $relay.Dispose()
    @($etcd, $full, $secure, $guarded) + $members | Where-Object { $_ } | Stop-LabEtcd
}

Describe 'A healthy cluster' {
    It 'I8: passes every check, of each node, of the host, and of the way between them' {
        $results = Invoke-FlannelCheck
        Show-Complaint $results | Should -BeNullOrEmpty
        $results | Where-Object Status -EQ Skip | ForEach-Object { $_.Message | Should -Not -BeNullOrEmpty }
        @($results.Name | Sort-Object -Unique) | Should -Be @((Get-FlannelCheck).Name | Sort-Object -Unique)
        foreach ($name in $all) { @($results | Where-Object Node -EQ $name | Where-Object Status -EQ Pass).Count | Should -BeGreaterThan 12 -Because $name }
        $all | ForEach-Object { Test-FlannelNode $_ | Should -BeTrue -Because $_ }
    }

    It 'I8: passes the shipped files, with Pester' {
        $script = "Import-Module '$((Get-Module Pester).Path)'; `$run = Invoke-Pester -Path '$env:FLANNELPS_MODULE/Checks' -PassThru -Output None; `"`$(`$run.PassedCount -gt 30) `$(`$run.FailedCount) `$(`$run.FailedContainersCount) `$(`$run.Failed.ErrorRecord)`""
        (& ([Environment]::ProcessPath) -NoProfile -NonInteractive -Command $script 3>$null) -join '' | Should -Be 'True 0 0 '
    }
}

Describe 'Normal life' {
    It 'I8: is no alarm, under load, for <Seconds> s' -ForEach @{ Seconds = $env:FLANNELPS_TEST_LONG -eq '1' ? 300 : 20 } {
        $address = ($subnet.h3 -split '/')[0]
        $server = Start-Process ip ('netns', 'exec', 'h3', 'iperf3', '-s', '-p', '5999') -PassThru -RedirectStandardOutput /dev/null
        $client = $null
        try {
            Start-Sleep -Milliseconds 500
            $client = Start-Process ip ('netns', 'exec', 'h2', 'iperf3', '-c', $address, '-p', '5999', '-t', "$($Seconds + 60)") -PassThru -RedirectStandardOutput /tmp/iperf.log
            $clock = [Diagnostics.Stopwatch]::StartNew()
            $rounds = 0
            while ($clock.Elapsed.TotalSeconds -lt $Seconds) {
                $results = Invoke-FlannelCheck
                Show-Complaint $results | Should -BeNullOrEmpty -Because "round $rounds, after $($clock.Elapsed)"
                $rounds++
                Start-Sleep -Milliseconds 500
            }
            $client.HasExited | Should -BeFalse -Because "there was load all the time: $(Get-Content /tmp/iperf.log -Tail 3)"
            Write-Host "$rounds rounds of all checks of $($all.Count) nodes in $([int] $clock.Elapsed.TotalSeconds) s, and no complaint"
        }
        finally { $client, $server | Where-Object { $_ } | ForEach-Object { Stop-Started $_ } }
    }
}

Describe 'A fault' {
    It 'I8 <Id> <Fault>: <Check> names it within <Named> s, and is silent within <Healthy> s after its end' -ForEach $faults {
        if ($Needs -and -not (Test-Path $Needs)) { Set-ItResult -Skipped -Because "$Needs is not there"; return }
        $question = $Ask ?? { Test-FlannelNode $Node -Detailed }
        # The fault before has left nothing behind.
        $null = Measure-Until ([Diagnostics.Stopwatch]::StartNew()) $question { param($results) -not (Get-Complaint $results) } 75
        $clock = [Diagnostics.Stopwatch]::new()
        try {
            $null = & $Inject
            $clock.Start()
            $found = Measure-Until $clock $question { param($results) Get-Complaint $results | Where-Object { $_.Name -eq $Check -and (-not $Match -or "$($_.Target) $($_.Message) $($_.Cause) $($_.Remedy)" -match $Match) } } $Named
            foreach ($bad in Get-Complaint $found.Results) {
                $bad.Cause | Should -Not -BeNullOrEmpty -Because "$bad"
                $bad.Remedy | Should -Not -BeNullOrEmpty -Because "$bad"
                $bad.Name | Should -BeIn (@($Check) + $Also) -Because "$bad"
            }
            if ($isLong) {
                foreach ($bad in Get-Lasting (Test-All)) {
                    if (-not $Ask -and ($bad.Node -eq $Node -or $bad.Node[-1] -eq $Node[-1])) { $bad.Name | Should -BeIn (@($Check) + $Also + $Elsewhere) -Because "$($bad.Node): $bad" }    # u2 is on the host of h2
                    else { $bad.Name | Should -BeIn $Elsewhere -Because "$($bad.Node): $bad" }
                }
            }
        }
        finally {
            $null = & $Heal
            $clock.Restart()
        }
        $ended = Measure-Until $clock $question { param($results) -not (Get-Complaint $results) } $Healthy
        $script:times.Add([pscustomobject]@{ Id = $Id; Check = $Check; Named = [math]::Round($found.Seconds, 1); Healthy = [math]::Round($ended.Seconds, 1); Fault = $Fault })
        if ($isLong) { $null = Measure-Until $clock { Test-All } { param($results) -not (Get-Lasting $results) } ([math]::Max($Healthy, 20)) }
    }
}
