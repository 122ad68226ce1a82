import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.Base64;
import org.apache.kafka.common.utils.Utils;

/** The partition that Kafka's own Java client would choose: for each line "BASE64KEY PARTITIONS" it prints a number. */
public class Partition {
    public static void main(String[] args) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.split(" ");
            byte[] key = Base64.getDecoder().decode(words[0]);
            System.out.println(Utils.toPositive(Utils.murmur2(key)) % Integer.parseInt(words[1]));
        }
    }
}
