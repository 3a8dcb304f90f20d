namespace FlannelPS.Checks;

/// <summary>Leases are renewed by a clock that nobody sets. Certificates, log lines and what is saved over a reboot go by the wall clock.</summary>
internal sealed class ClockCheck() : Check("Clock", CheckCategory.Store, FlannelCheckScope.Host, "Whether this host's clock and those of the store's members agree: within a minute, and within a tenth of a lease's life.")
{
    // HTTP tells whole seconds, and a busy host answers late.
    private static readonly TimeSpan Tolerated = TimeSpan.FromMinutes(1);

    public override IEnumerable<Finding> Judge(CheckFacts facts)
    {
        var store = facts.Store;
        var clocks = store.Endpoints.Where(endpoint => endpoint.ClockOffset is not null).ToList();
        if (clocks.Count == 0)
            return [Finding.Skip("No member of the store tells its time.")];
        var limit = store.LeaseTtl is { } life && life / 10 < Tolerated ? life / 10 : Tolerated;
        return clocks.Select(endpoint => endpoint.ClockOffset!.Value is var offset && offset.Duration() > limit
            ? Finding.Fail($"The clock of {endpoint.Endpoint} is {Spoken(offset.Duration())} {(offset > TimeSpan.Zero ? "ahead of" : "behind")} this host's.",
                "One of the two clocks is wrong: nobody keeps it right (NTP), or a machine was paused.", "Look at both with date -u; let chrony, systemd-timesyncd or the hypervisor keep the wrong one. Leases are not affected; certificates, log lines and state saved over a reboot are.", endpoint.Endpoint)
            : Finding.Pass($"The clock of {endpoint.Endpoint} agrees with this host's within {Math.Max(1, Math.Ceiling(offset.Duration().TotalSeconds)):0} s.", endpoint.Endpoint));
    }

    private static string Spoken(TimeSpan time) => time.TotalHours >= 2 ? $"{time.TotalHours:0} h" : time.TotalMinutes >= 2 ? $"{time.TotalMinutes:0} min" : $"{time.TotalSeconds:0} s";
}
