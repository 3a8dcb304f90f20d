using System.Reflection;
using System.Text.RegularExpressions;

namespace FlannelPS.ModuleTests;

/// <summary>How the module's assembly and its sources are made.</summary>
public sealed partial class ShapeTests
{
    /// <summary>PowerShell walks the types of the assembly on import; a field of an engine's value type, or a base of the engine's, would make the runtime load the engine then.</summary>
    [Fact]
    public void Looking_at_a_type_does_not_need_the_engine()
    {
        var needing = Module.Assembly.GetTypes()
            .Where(type => type.GetInterfaces().Append(type.BaseType).OfType<Type>().Any(IsOfEngine)
                || type.GetFields(BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly).Any(field => field.FieldType.IsValueType && IsOfEngine(field.FieldType)))
            // What the compiler makes for a method is only looked at when that method runs.
            .Where(type => !type.Name.Contains('<') && type.DeclaringType?.Name.Contains('<') != true);
        Expect.None(needing);
    }

    [Fact]
    public void Public_members_show_no_type_of_the_engine()
    {
        const BindingFlags Visible = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        var showing = Module.Assembly.GetExportedTypes().SelectMany(type => type.GetProperties(Visible).Where(property => IsOfEngine(property.PropertyType)).Cast<MemberInfo>()
            .Concat(type.GetMethods(Visible).Where(method => IsOfEngine(method.ReturnType) || method.GetParameters().Any(parameter => IsOfEngine(parameter.ParameterType))))
            .Select(member => $"{type.Name}.{member.Name}"));
        Expect.None(showing);
    }

    [Fact]
    public void Nothing_writes_past_PowerShell()
        => Expect.None(Repository.Sources().Where(file => PastPowerShell().IsMatch(Comment().Replace(File.ReadAllText(file), ""))));

    [Fact]
    public void No_state_is_shared_between_runspaces_unless_said()
    {
        // A static that can be written to is shared by all runspaces of the process; each one needs a reason.
        var shared = Module.Assembly.GetTypes().SelectMany(type => type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .Where(field => !field.IsInitOnly && !field.IsLiteral && !field.Name.StartsWith('<') && !field.DeclaringType!.Name.StartsWith('<'));
        Expect.None(shared.Select(field => $"{field.DeclaringType!.Name}.{field.Name}"));
    }

    private static bool IsOfEngine(Type type)
        => type.HasElementType ? IsOfEngine(type.GetElementType()!)
            : type.Assembly != Module.Assembly && type.Namespace?.StartsWith("FlannelPS.Engine", StringComparison.Ordinal) == true || type.GetGenericArguments().Any(IsOfEngine);

    // To ask whether a terminal is there writes nothing.
    [GeneratedRegex(@"\bConsole\.(?!IsOutputRedirected\b)|\bWriteHost\b|Write-Host|Environment\.Exit")]
    private static partial Regex PastPowerShell();

    [GeneratedRegex(@"//.*")]
    private static partial Regex Comment();
}
