using System.Net;
using System.Net.Http;
using System.Text;
using System.Threading.Tasks;

/// <summary>What the tests do: the code under test stands here in place of a medical information system.</summary>
public static class Codes
{
    const string Phone = "+380509998877";
    static readonly HttpClient Http = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false });

    public static async Task<int> Request(World world)
    {
        var answer = await Send(world, HttpMethod.Post, "/api/verifications", "{\"phone_number\": \"" + Phone + "\"}");
        answer.EnsureSuccessStatusCode();
        return await world.WaitForCode(Phone);
    }

    public static async Task<HttpStatusCode> Complete(World world, int code)
    {
        var path = "/api/verifications/" + Phone + "/actions/complete";
        return (await Send(world, new HttpMethod("PATCH"), path, "{\"code\": " + code + "}")).StatusCode;
    }

    static Task<HttpResponseMessage> Send(World world, HttpMethod method, string path, string body)
    {
        var request = new HttpRequestMessage(method, world.BaseUrl + path);
        request.Headers.Add("Authorization", "Bearer sandbox-doctor");
        request.Headers.Add("API-key", "sandbox-mis-key");
        request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        return Http.SendAsync(request);
    }
}
