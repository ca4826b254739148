using System;
using System.IO;
using System.Linq;
using System.Net.Http;
using System.Threading.Tasks;
using Esoz;

/// <summary>The client that NSwag generates, in a world of the sandbox.</summary>
static class Program
{
    const string Phone = "+380509998877";

    static EsozClient Client(World world, string token)
    {
        // Redirects are not followed: a job that has ended answers 303.
        var http = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false });
        http.DefaultRequestHeaders.Add("Authorization", "Bearer sandbox-" + token);
        http.DefaultRequestHeaders.Add("API-key", "sandbox-mis-key");
        return new EsozClient(http) { BaseUrl = world.BaseUrl };
    }

    static async Task Run(World world, TextWriter output)
    {
        var divisions = await Client(world, "owner").ListDivisionsAsync(type: "CLINIC", page_size: 1);
        var first = divisions.Data.First();
        output.WriteLine("{0} {1}", first.Status, first.Name);

        var doctor = Client(world, "doctor");
        await doctor.InitializeVerificationAsync(new VerificationRequest { Phone_number = Phone });
        var code = await world.WaitForCode(Phone);
        await world.Advance("PT16M");
        try
        {
            await doctor.CompleteVerificationAsync(Phone, new VerificationCompleteRequest { Code = code });
        }
        catch (EsozException<ErrorResponse> refusal)
        {
            output.WriteLine("{0} {1}", refusal.StatusCode, refusal.Result.Error.Message);
        }
    }

    static void Main()
    {
        using (var output = new StreamWriter(Console.OpenStandardOutput())) // UTF-8 on every console
        {
            World.In(world => Run(world, output)).GetAwaiter().GetResult();
        }
    }
}
