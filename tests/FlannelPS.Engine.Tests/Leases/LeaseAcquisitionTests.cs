using FlannelPS.Engine.Etcd;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Tests.Etcd;

namespace FlannelPS.Engine.Tests.Leases;

/// <summary>How a node comes to its lease, against real stores.</summary>
public sealed class LeaseAcquisitionTests(EtcdFixture etcd) : IClassFixture<EtcdFixture>
{
    public static TheoryData<string> Kinds => StoreBed.Kinds;

    [Theory, MemberData(nameof(Kinds))]
    public async Task A_first_lease_is_drawn_and_bound_to_an_etcd_lease(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        await bed.PutForeignAsync("10.5.9.0-24", "192.0.2.9");
        var acquired = await bed.Acquisition(StoreBed.Request("a", "192.0.2.1")).AcquireAsync(Given.Config(), null, bed.Limit);
        Assert.True(Given.Config().Holds(acquired.Lease.Subnet));
        var key = (await bed.ReadAsync(acquired.Lease.Subnet.ToKey()))!;
        Assert.Equal((acquired.Lease.EtcdLeaseId, acquired.Lease.ModRevision), (key.LeaseId, key.ModRevision));
        Assert.Equal(StoreBed.Value("192.0.2.1"), System.Text.Encoding.UTF8.GetString(key.Value.Span));
        Assert.Equal(60, (await bed.Store.TimeToLiveAsync(key.LeaseId, bed.Limit)).GrantedTtlSeconds);
        Assert.Equal(2, (await bed.SubnetsAsync()).Count);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task Our_lease_of_the_last_run_is_taken_again_without_a_write_also_under_another_address(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        var first = (await bed.Acquisition(StoreBed.Request("a", "192.0.2.1")).AcquireAsync(Given.Config(), null, bed.Limit)).Lease;
        var again = (await bed.Acquisition(StoreBed.Request("a", "192.0.2.1", saved: first)).AcquireAsync(Given.Config(), null, bed.Limit)).Lease;
        Assert.Equal(first with { Value = again.Value }, again);
        var moved = (await bed.Acquisition(StoreBed.Request("a", "192.0.2.7", saved: first)).AcquireAsync(Given.Config(), null, bed.Limit)).Lease;
        Assert.Equal((first.Key, first.EtcdLeaseId), (moved.Key, moved.EtcdLeaseId));
        Assert.True(moved.ModRevision > first.ModRevision);
        Assert.Single(await bed.SubnetsAsync());
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task F03_F23_A_subnet_in_use_by_saved_state_is_taken_again_or_none(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        var first = (await bed.Acquisition(StoreBed.Request("a", "192.0.2.1", Given.Subnet("10.5.3.0-24"))).AcquireAsync(Given.Config(), null, bed.Limit)).Lease;
        Assert.Equal("10.5.3.0-24", first.Subnet.ToKey());

        // Still ours: not a write.
        Assert.Equal(first.ModRevision, (await TakeAsync()).Lease.ModRevision);
        // Expired, and nobody's: the same one.
        await bed.DeleteAsync("10.5.3.0-24");
        Assert.Equal("10.5.3.0-24", (await TakeAsync()).Lease.Subnet.ToKey());
        // Given away, as a whole, in part, or to somebody who has our address by now with another subnet.
        foreach (var other in new[] { "10.5.3.0-24", "10.5.3.128-25" })
        {
            await bed.DeleteAsync("10.5.3.0-24");
            await bed.PutForeignAsync(other, "192.0.2.9");
            Assert.Contains("Restart this node", (await Assert.ThrowsAsync<LeaseConflictException>(() => TakeAsync())).Message);
            Assert.Equal([other], await bed.SubnetsAsync());
            await bed.DeleteAsync(other);
        }
        await bed.PutForeignAsync("10.5.7.0-24", "192.0.2.1");
        Assert.Equal("10.5.3.0-24", (await TakeAsync()).Lease.Subnet.ToKey());
        // Not to be had any more under the configuration: nothing is deleted.
        var smaller = Given.Read("""{"Network":"10.5.128.0/17","SubnetLen":24,"Backend":{"Type":"host-gw"}}""");
        await Assert.ThrowsAsync<LeaseConflictException>(() => TakeAsync(smaller));
        Assert.Contains("10.5.3.0-24", await bed.SubnetsAsync());

        Task<LeaseAcquisition.Acquired> TakeAsync(NetworkConfig? config = null)
        {
            var request = StoreBed.Request("a", "192.0.2.1", saved: first);
            request.InUse = first.Subnet;
            return bed.Acquisition(request).AcquireAsync(config ?? Given.Config(), null, bed.Limit);
        }
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task A_saved_lease_of_another_history_is_not_ours_though_its_revision_is_the_same(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        await bed.PutForeignAsync("10.5.3.0-24", "192.0.2.9");
        var foreign = (await bed.ReadAsync("10.5.3.0-24"))!;
        var saved = new HeldLease(foreign.Key, Given.Subnet("10.5.3.0-24"), System.Text.Encoding.UTF8.GetBytes(StoreBed.Value("192.0.2.1")), 4711, foreign.ModRevision);
        var acquired = await bed.Acquisition(StoreBed.Request("a", "192.0.2.1", saved: saved)).AcquireAsync(Given.Config(), null, bed.Limit);
        Assert.NotEqual("10.5.3.0-24", acquired.Lease.Subnet.ToKey());
        Assert.Equal(foreign.ModRevision, (await bed.ReadAsync("10.5.3.0-24"))!.ModRevision);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task The_lease_of_our_public_IP_is_taken_over_and_lives_as_long_as_we_ask(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        var before = await bed.PutForeignAsync("10.5.3.0-24", "192.0.2.1");
        var acquired = (await bed.Acquisition(StoreBed.Request("a", "192.0.2.1")).AcquireAsync(Given.Config(), null, bed.Limit)).Lease;
        Assert.Equal("10.5.3.0-24", acquired.Subnet.ToKey());
        Assert.NotEqual(before, acquired.EtcdLeaseId);
        Assert.Equal(acquired.EtcdLeaseId, (await bed.ReadAsync("10.5.3.0-24"))!.LeaseId);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task The_previous_subnet_is_taken_where_it_is_free_and_fits(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        await bed.PutForeignAsync("10.5.7.0-25", "192.0.2.9");
        foreach (var (previous, taken) in new[] { ("10.5.6.0-24", true), ("10.5.7.0-24", false), ("10.6.1.0-24", false), ("10.5.8.0-25", false), ("10.5.0.0-24", false) })
        {
            var acquired = await bed.Acquisition(StoreBed.Request(previous, $"192.0.2.{previous.Length + previous[5]}", Given.Subnet(previous))).AcquireAsync(Given.Config(), null, bed.Limit);
            Assert.Equal(taken, acquired.Lease.Subnet.ToKey() == previous);
            await bed.DeleteAsync(acquired.Lease.Subnet.ToKey());
        }
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task A_lease_of_ours_that_the_configuration_no_longer_gives_is_replaced(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        await bed.PutForeignAsync("10.9.3.0-24", "192.0.2.1");
        await bed.PutForeignAsync("10.9.4.0-24", "192.0.2.9");
        var acquired = await bed.Acquisition(StoreBed.Request("a", "192.0.2.1")).AcquireAsync(Given.Config(), null, bed.Limit);
        Assert.Equal(new[] { "10.9.4.0-24", acquired.Lease.Subnet.ToKey() }.Order(), (await bed.SubnetsAsync()).Order());
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task F25_L6_a_reservation_for_our_public_IP_is_taken_and_stays_one(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        await bed.PutAsync("10.5.3.0-24", """{"PublicIP":"192.0.2.1"}""");
        var acquired = (await bed.Acquisition(StoreBed.Request("a", "192.0.2.1")).AcquireAsync(Given.Config(), null, bed.Limit)).Lease;
        Assert.Equal(("10.5.3.0-24", true), (acquired.Subnet.ToKey(), acquired.IsReservation));
        var key = (await bed.ReadAsync("10.5.3.0-24"))!;
        Assert.Equal((0, acquired.ModRevision), (key.LeaseId, key.ModRevision));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task F25_a_reservation_that_the_configuration_does_not_give_is_left_alone(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        await bed.PutAsync("10.9.3.0-24", """{"PublicIP":"192.0.2.1"}""");
        var acquired = (await bed.Acquisition(StoreBed.Request("a", "192.0.2.1")).AcquireAsync(Given.Config(), null, bed.Limit)).Lease;
        Assert.False(acquired.IsReservation);
        Assert.Equal(0, (await bed.ReadAsync("10.9.3.0-24"))!.LeaseId);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task L5_Q2_a_lost_race_is_run_again(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        var faulty = new FaultyStore(bed.Store);
        var races = 0;
        faulty.Before = (call, key) =>
        {
            // Somebody else takes the very subnet, between the list and the write.
            if (call == "txn" && races++ < 3)
                bed.PutForeignAsync(key[bed.Keys.SubnetPrefix.Length..], $"192.0.2.{100 + races}").GetAwaiter().GetResult();
        };
        var acquired = await bed.Acquisition(StoreBed.Request("a", "192.0.2.1"), faulty).AcquireAsync(Given.Config(), null, bed.Limit);
        Assert.Equal(4, races);
        Assert.Equal(4, (await bed.SubnetsAsync()).Count);
        Assert.Equal(acquired.Lease.EtcdLeaseId, (await bed.ReadAsync(acquired.Lease.Subnet.ToKey()))!.LeaseId);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task F22_twenty_nodes_race_for_sixteen_subnets_and_the_others_wait_until_one_is_free(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        var config = Given.Config(fields: "\"SubnetMin\":\"10.5.16.0\",\"SubnetMax\":\"10.5.31.0\",");
        var start = (await bed.ListAsync()).Revision;
        var phases = new LeasePhase[20];
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(bed.Limit);
        var nodes = Enumerable.Range(0, 20).Select(i => bed
            .Acquisition(StoreBed.Request($"n{i}", $"192.0.2.{i + 1}"), bed.Another(), (phase, _) => phases[i] = phase)
            .AcquireAsync(config, null, stop.Token)).ToList();
        await bed.UntilAsync(() => nodes.Count(node => node.IsCompletedSuccessfully) == 16 && phases.Count(phase => phase == LeasePhase.NoSubnet) >= 4);
        Assert.Equal(16, (await bed.SubnetsAsync()).Count);

        var (done, freed) = (nodes.Where(node => node.IsCompletedSuccessfully).ToHashSet(), (await nodes.First(node => node.IsCompletedSuccessfully)).Lease);
        await bed.DeleteAsync(freed.Subnet.ToKey());
        await bed.UntilAsync(() => nodes.Count(node => node.IsCompletedSuccessfully) == 17);
        Assert.Equal(freed.Subnet, (await nodes.Single(node => node.IsCompletedSuccessfully && !done.Contains(node))).Lease.Subnet);
        await stop.CancelAsync();
        foreach (var node in nodes.Where(node => !node.IsCompletedSuccessfully))
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => node);
        NeverTwice(await bed.HistoryAsync(start), bed);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task Q43_dual_stack_and_single_stack_nodes_of_different_lengths_never_overlap(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        var start = (await bed.ListAsync()).Revision;
        NetworkConfig[] configs =
        [
            Given.Read("""{"Network":"10.5.0.0/24","SubnetLen":28,"EnableIPv6":true,"IPv6Network":"fd00:5::/56","IPv6SubnetLen":60,"Backend":{"Type":"alloc"}}"""),
            Given.Read("""{"Network":"10.5.0.0/24","SubnetLen":28,"Backend":{"Type":"alloc"}}"""),
            Given.Read("""{"Network":"10.5.0.0/24","SubnetLen":27,"Backend":{"Type":"alloc"}}"""),
            Given.Read("""{"Network":"10.5.0.0/24","SubnetLen":29,"EnableIPv6":true,"IPv6Network":"fd00:5::/56","IPv6SubnetLen":60,"Backend":{"Type":"alloc"}}"""),
        ];
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(bed.Limit);
        var waiting = 0;
        var nodes = Enumerable.Range(0, 20).Select(i => bed
            .Acquisition(StoreBed.Request($"n{i}", $"192.0.2.{i + 1}"), bed.Another(), (phase, _) => Interlocked.Add(ref waiting, phase == LeasePhase.NoSubnet ? 1 : 0))
            .AcquireAsync(configs[i % 4], null, stop.Token)).ToList();
        await bed.UntilAsync(() => nodes.Count(node => node.IsCompletedSuccessfully) + Volatile.Read(ref waiting) >= 20);
        await stop.CancelAsync();
        await Task.WhenAll(nodes.Select(node => node.ContinueWith(_ => { }, TaskScheduler.Default)));
        Assert.True(nodes.Count(node => node.IsCompletedSuccessfully) >= 7);
        NeverTwice(await bed.HistoryAsync(start), bed);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task F08_a_create_whose_answer_was_lost_is_recognised_as_ours(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        foreach (var alsoRead in new[] { false, true })
        {
            var faulty = new FaultyStore(bed.Store);
            var (lost, failing) = (0, 0);
            faulty.After = (call, _) =>
            {
                if (call == "txn" && lost++ == 0)
                {
                    failing = alsoRead ? 2 : 0;
                    throw FaultyStore.Lost;
                }
            };
            faulty.Before = (call, _) =>
            {
                if (call == "range" && failing-- > 0)
                    throw FaultyStore.Unreachable;
            };
            var acquired = await bed.Acquisition(StoreBed.Request("a", "192.0.2.1"), faulty).AcquireAsync(Given.Config(), null, bed.Limit);
            Assert.Equal([acquired.Lease.Subnet.ToKey()], await bed.SubnetsAsync());
            var key = (await bed.ReadAsync(acquired.Lease.Subnet.ToKey()))!;
            Assert.Equal((acquired.Lease.EtcdLeaseId, acquired.Lease.ModRevision), (key.LeaseId, key.ModRevision));
            Assert.True((await bed.Store.TimeToLiveAsync(key.LeaseId, bed.Limit)).TtlSeconds > 0);
            await bed.DeleteAsync(acquired.Lease.Subnet.ToKey());
        }
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task F08_every_call_may_fail_once_and_the_end_is_the_same(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        for (var failing = 1; failing <= 5; failing++)
        {
            foreach (var after in new[] { false, true })
            {
                var faulty = new FaultyStore(bed.Store);
                var calls = 0;
                void Fail(string call, string key)
                {
                    if (Interlocked.Increment(ref calls) == failing)
                        throw after ? FaultyStore.Lost : FaultyStore.Unreachable;
                }
                if (after)
                    faulty.After = Fail;
                else
                    faulty.Before = Fail;
                var acquired = await bed.Acquisition(StoreBed.Request("a", "192.0.2.1"), faulty).AcquireAsync(Given.Config(), null, bed.Limit);
                Assert.Equal([acquired.Lease.Subnet.ToKey()], await bed.SubnetsAsync());
                await bed.DeleteAsync(acquired.Lease.Subnet.ToKey());
            }
        }
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task An_etcd_lease_that_ended_while_a_node_waited_for_a_subnet_is_granted_anew(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        var config = Given.Config(fields: "\"SubnetMin\":\"10.5.16.0\",\"SubnetMax\":\"10.5.16.0\",");
        var faulty = new FaultyStore(bed.Store);
        var raced = 0;
        faulty.Before = (call, key) =>
        {
            if (call == "txn" && raced++ == 0)
                bed.PutForeignAsync(key[bed.Keys.SubnetPrefix.Length..], "192.0.2.9").GetAwaiter().GetResult();
        };
        var phase = LeasePhase.Acquiring;
        var acquiring = bed.Acquisition(StoreBed.Request("a", "192.0.2.1"), faulty, (next, _) => phase = next, ttl: 2).AcquireAsync(config, null, bed.Limit);
        await bed.UntilAsync(() => phase == LeasePhase.NoSubnet);
        // The pause before the next attempt is longer than the life of two seconds.
        await bed.DeleteAsync("10.5.16.0-24");
        var acquired = await acquiring;
        Assert.Equal(acquired.Lease.EtcdLeaseId, (await bed.ReadAsync("10.5.16.0-24"))!.LeaseId);
        Assert.Equal(2, raced);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task F24_a_live_claim_on_our_identity_or_our_public_IP_is_a_conflict_and_nothing_is_written(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        await bed.PutForeignAsync("10.5.3.0-24", "192.0.2.1");
        var revision = (await bed.ReadAsync("10.5.3.0-24"))!.ModRevision;
        foreach (var identity in new[] { "other", "a" })
        {
            var lease = await bed.Store.GrantAsync(NodeClaim.TtlSeconds, bed.Limit);
            var claim = bed.Keys.ClaimPrefix + identity;
            await bed.Store.PutAsync(claim, new NodeClaim("its-nonce", "10.5.3.0-24", "its-host", "1").Write(), lease.Id, bed.Limit);
            var seen = new List<string>();
            var acquiring = bed.Acquisition(StoreBed.Request("a", "192.0.2.1"), waiting: (_, reason) => { lock (seen) seen.Add(reason); }).AcquireAsync(Given.Config(), null, bed.Limit);
            // Its life is told in whole seconds: a sign shows when it gives back more than one.
            await bed.UntilAsync(() => { lock (seen) return seen.Count > 3; });
            await bed.Store.KeepAliveAsync(lease.Id, bed.Limit);
            var conflict = await Assert.ThrowsAsync<LeaseConflictException>(() => acquiring);
            Assert.Contains("its-host", conflict.Message);
            Assert.Contains("its-host", seen[0]);
            await bed.Store.RevokeAsync(lease.Id, bed.Limit);
        }
        Assert.Equal(revision, (await bed.ReadAsync("10.5.3.0-24"))!.ModRevision);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task F24_a_dead_claim_and_one_of_our_run_before_hold_nobody_up(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        await bed.PutForeignAsync("10.5.3.0-24", "192.0.2.1");
        // A claim that missed its sign has less than two thirds of its life left.
        var dying = await bed.Store.GrantAsync(NodeClaim.TtlSeconds - NodeClaim.RefreshSeconds - 5, bed.Limit);
        var fresh = await bed.Store.GrantAsync(NodeClaim.TtlSeconds, bed.Limit);
        await bed.Store.PutAsync(bed.Keys.ClaimPrefix + "other", new NodeClaim("its-nonce", "10.5.3.0-24", "its-host", "1").Write(), dying.Id, bed.Limit);
        await bed.Store.PutAsync(bed.Keys.ClaimPrefix + "a", new NodeClaim("before", "10.5.3.0-24", "our-host", "1").Write(), fresh.Id, bed.Limit);
        await bed.Store.PutAsync(bed.Keys.ClaimPrefix + "junk", "junk"u8.ToArray(), 0, bed.Limit);
        var acquired = await bed.Acquisition(StoreBed.Request("a", "192.0.2.1", previousNonce: "before")).AcquireAsync(Given.Config(), null, bed.Limit);
        Assert.Equal("10.5.3.0-24", acquired.Lease.Subnet.ToKey());
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task F14_a_user_who_may_not_read_claims_gets_a_lease_all_the_same(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        var faulty = new FaultyStore(bed.Store) { Before = (_, key) => FaultyStore.If(key.StartsWith(bed.Keys.ClaimPrefix, StringComparison.Ordinal), FaultyStore.Denied) };
        Assert.NotNull(await bed.Acquisition(StoreBed.Request("a", "192.0.2.1"), faulty).AcquireAsync(Given.Config(), null, bed.Limit));
    }

    /// <summary>I1, judged from the store's history: at no revision do two keys of different nodes overlap.</summary>
    private static void NeverTwice(IReadOnlyList<StoreEvent> history, StoreBed bed)
    {
        var held = new Dictionary<string, Subnet>();
        Assert.NotEmpty(history);
        foreach (var change in history)
        {
            held.Remove(change.Key);
            if (change is not StoreEvent.Put)
                continue;
            var subnet = Given.Subnet(change.Key[bed.Keys.SubnetPrefix.Length..]);
            Assert.DoesNotContain(held.Values, other => other.Overlaps(subnet));
            held.Add(change.Key, subnet);
        }
    }
}
