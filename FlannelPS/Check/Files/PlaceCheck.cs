namespace FlannelPS.Checks;

/// <summary>A node writes its subnet file, its socket and its state.</summary>
internal sealed class PlaceCheck() : Check("Place", CheckCategory.Files, FlannelCheckScope.Host | FlannelCheckScope.Node, "Whether the subnet file and the folders of socket and state can be written, by nobody else, and have space.")
{
    private const long Little = 1 << 20;

    public override IEnumerable<Finding> Judge(CheckFacts facts)
        => facts.Host.Places.Select(place => place.Problem.Length > 0
            ? Finding.Fail($"{place.Path}: {place.Problem}", "Something stands there that is none of a node's, or somebody else could exchange what a node writes.", "Remove what stands in its place, or give the folder to root without write access for others; or name another file with -SubnetFile.", place.Path)
            : place.FreeBytes < Little ? Finding.Warn($"{place.Path}: {place.FreeBytes >> 10} KiB are free.", "The file system is full.", "Free space there: files are written whole or not at all.", place.Path)
            : Finding.Pass($"{place.Path} can be written.", place.Path));
}
