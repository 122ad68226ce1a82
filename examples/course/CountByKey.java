import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.state.BuiltInDslStoreSuppliers.InMemoryDslStoreSuppliers;

/**
 * Counts the records of each key, for ever, and writes every new count to another topic.
 *
 * usage: java -cp "$(bin/millrace jars)" examples/course/CountByKey.java FROM_TOPIC TO_TOPIC
 */
public class CountByKey {
    public static void main(String[] args) throws InterruptedException {
        String from = args[0];
        String to = args[1];
        Properties settings = new Properties();
        // Also the consumer group's name: two copies of this program share the partitions, and with them the keys.
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, to + "-app");
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, System.getenv("KAFKA_BOOTSTRAP_SERVERS"));
        settings.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
        settings.put(StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
        settings.put("auto.offset.reset", "earliest");
        // Every count, not only the last one of each half minute.
        settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 0);
        // The counts live in memory, and in a topic of Kafka from which they come back after a restart.
        settings.put(StreamsConfig.DSL_STORE_SUPPLIERS_CLASS_CONFIG, InMemoryDslStoreSuppliers.class);

        StreamsBuilder builder = new StreamsBuilder();
        builder.<String, String>stream(from)
            .groupByKey()
            .count()
            .toStream()
            .peek((key, count) -> System.out.println(key + " " + count))
            .to(to, Produced.with(Serdes.String(), Serdes.Long()));

        KafkaStreams streams = new KafkaStreams(builder.build(), settings);
        CountDownLatch ended = new CountDownLatch(1);
        streams.setUncaughtExceptionHandler(error -> {
            System.err.println("The stream ended: " + error);
            ended.countDown();
            return org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
        Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(Duration.ofSeconds(5))));
        streams.start();
        ended.await();
        System.exit(1);
    }
}
